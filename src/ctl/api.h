/* SPDX-License-Identifier: MIT */
/* Requests as commands make them: JSON in, JSON out, and what is refused told in a line. */
#ifndef SQUASH_CTL_API_H
#define SQUASH_CTL_API_H

#include "ctl.h"
#include "http.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "target.h"

struct api {
	struct target target; /* begin it, then call */
	struct http_call call;
	struct http_reply reply;
	struct arena arena;            /* of json, and of what a command makes of it */
	const struct json_value *json; /* NULL: the reply has no body, or somebody has taken it */
	struct buf body;               /* of api_write */
	struct jsonw w;
};

/* The one there is: begin a request of that method and path, in place of the one before. */
struct api *api_begin(const char *method, const char *path);

/* The same for "api/sandboxes/<id>" and what follows, "" or "/exec". 0, or the exit code of an id
 * that is none. */
int api_begin_sandbox(struct ctl *c, struct api **a, const char *method, const char *id,
		      const char *rest);

/* Begin the request's body, an object; api_call ends it. */
struct jsonw *api_write(struct api *a);

/* Make the request. 0, or an exit code, with c's failure filled: it could not be made, or was
 * refused. */
int api_call(struct ctl *c, struct api *a);

/* The exit code for what http_send has failed with; fills the failure. EIO: a file of this side. */
int api_fail(struct ctl *c, const struct err *e);

/* The reply as it came, to stdout. 0. */
int api_print(const struct api *a);

/* The first element of the reply, an array; NULL if there is none. */
const struct json_value *api_first(const struct api *a);

/* The member's text, of a string or a number; "" if it is none. */
const char *api_text(const struct json_value *object, const char *key);

/* That text on a line of stdout, as show.h says. 0. */
int api_say(const struct json_value *object, const char *key);

/* The same of each element, if it is a name: for programs. 0. */
int api_say_names(const struct api *a, const char *key);

/* Fail with EXIT_USAGE unless the text can be a name; what: "sandbox", say. */
int api_check_name(struct ctl *c, const char *what, const char *text);

#endif
