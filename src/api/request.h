/* SPDX-License-Identifier: MIT */
/* What the network sent, as the web server hands it to a CGI program (RFC 3875), taken apart.
 * Pure: http.c does the reading and the replying. */
#ifndef SQUASH_API_REQUEST_H
#define SQUASH_API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/msg.h"

#define REQUEST_PATH_BYTES 1024 /* of a path, with its NUL */

/* The variables of the environment that are looked at: none is NULL, one that is not set is
 * empty. */
struct request_env {
	const char *script_name; /* SCRIPT_NAME, and so on */
	const char *path_info;
	const char *query_string;
	const char *method;
	const char *authorization;
	const char *content_length;
	const char *content_type;
	const char *client;    /* HTTP_SQUASH_CLIENT */
	const char *host;      /* HTTP_HOST */
	const char *authorise; /* HTTP_SQUASH_AUTHORISE: lib/front_fds.h */
	const char *frames;    /* HTTP_SQUASH_FRAMES: there, too */
};

struct http_request { /* pointers are borrowed from the environment */
	const char *method;
	const char *path; /* behind /cgi-bin, percent-decoded by the server: "/api/sandboxes/dev" */
	const char *query;      /* behind the ?, as it came; empty: none */
	struct msg_sender from; /* token: of Authorization; client: of Squash-Client; Host's kind;
				 * asks_only: whether the body may come, which is not there */
	uint8_t *body;          /* read by http_read_body */
	size_t body_len;
};

/* Why a request is refused, as its reply says it. */
struct request_fault {
	unsigned status;
	const char *code; /* a constant text */
	char text[256];
};

/* Fill the fault and return -EINVAL. */
int request_refuse(struct request_fault *fault, unsigned status, const char *code,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Fill the request, but for its body. path_memory of path_cap bytes holds the path. 0, or -EINVAL
 * with fault filled: the path is too long (404), or the token (401). */
int request_parse(const struct request_env *env, char *path_memory, size_t path_cap,
		  struct http_request *q, struct request_fault *fault);

#define REQUEST_FRAMED SIZE_MAX /* a length: the body's is not known, and it comes in frames */

/* How long the body is; one that is not there has no bytes. 0, or -EINVAL with fault filled: it is
 * longer than max (413), or of a type that is not JSON (415). */
int request_body_len(const struct request_env *env, size_t max, size_t *len,
		     struct request_fault *fault);

/* The same for a body that is a file: it may be of any type, and if it is not optional, there must
 * be one (400). */
int request_stream_len(const struct request_env *env, bool optional, size_t max, size_t *len,
		       struct request_fault *fault);

#endif
