/* SPDX-License-Identifier: MIT */
/* Requests as commands make them: JSON in, JSON out, and what is refused told in a line. */
#ifndef SQUASH_CTL_API_H
#define SQUASH_CTL_API_H

#include "ctl.h"
#include "http.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "target.h"

#define API_FAULT_BYTES 512

struct api {
	struct target target; /* begin it, then call */
	struct http_call call;
	struct http_reply reply;
	struct arena arena;            /* of json, and of what a command makes of it */
	const struct json_value *json; /* NULL: the reply has no body, or somebody has taken it */
	struct buf body;               /* of api_write */
	struct jsonw w;
	char fault[API_FAULT_BYTES]; /* of the first argument that can't be sent; "": none */
};

/* The one there is: begin a request of that method and path, in place of the one before. */
struct api *api_begin(const char *method, const char *path);

/* The same for "api/sandboxes/<id>" and what follows, "" or "/exec". id is borrowed. */
struct api *api_begin_sandbox(const char *method, const char *id, const char *rest);

/* Add "/" and a name of that kind ("module", say) to the path. */
void api_add_name(struct api *a, const char *kind, const char *name);

/* Returns 0 if each argument so far can be sent; or EXIT_USAGE with c's failure filled. api_call
 * checks that too: this is for commands that open files first. */
int api_check(struct ctl *c, const struct api *a);

/* The request's body, an object, which the first call begins; api_call ends it. */
struct jsonw *api_write(struct api *a);

/* Add a member to the body; nothing if text is NULL. argument is what the user knows it as:
 * "--owner". */
void api_write_text(struct api *a, const char *key, const char *argument, const char *text);

/* Check text for the body that is written by api_write: JSON has UTF-8 alone. What isn't that makes
 * the request fail, with the argument's name. */
void api_check_text(struct api *a, const char *argument, const char *text, size_t len);

/* Make the request. 0, or an exit code, with c's failure filled: it could not be made, or was
 * refused. */
int api_call(struct ctl *c, struct api *a);

/* After api_call: print the reply as it came with --json; without it the member key of the reply,
 * as show.h says, on a line, or nothing if key is NULL. Returns 0. */
int api_answer(const struct ctl *c, const struct api *a, const char *key);

/* api_call, then api_answer. */
int api_finish(struct ctl *c, struct api *a, const char *key);

/* The exit code for what http_send has failed with; fills the failure. EIO: a file of this side. */
int api_fail(struct ctl *c, const struct err *e);

/* The first element of the reply, an array; NULL if there is none. */
const struct json_value *api_first(const struct api *a);

/* The member's text, of a string or a number; "" if it is none. */
const char *api_text(const struct json_value *object, const char *key);

#endif
