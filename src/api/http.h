/* SPDX-License-Identifier: MIT */
/* Reading a request from the environment and stdin (RFC 3875), and the one way to reply. */
#ifndef SQUASH_API_HTTP_H
#define SQUASH_API_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/jsonw.h"
#include "lib/limits.h"
#include "request.h"

/* Fill the request from the environment; the body is not read yet. path_memory of path_cap bytes
 * holds the path. */
void http_read_request(struct http_request *q, char *path_memory, size_t path_cap);

/* Read the whole body, if there is one. 0, or -EINVAL with fault filled: it is too large (413), of
 * a type that is not JSON (415) or cut short (400). */
int http_read_body(struct http_request *q, struct request_fault *fault);

/* The same of a body that is not read, as far as the head says it: request_body_len. */
int http_body_len(size_t *len, struct request_fault *fault);

/* How long the body is that is left on stdin for another to read: request_stream_len. */
int http_stream_len(bool optional, size_t max, size_t *len, struct request_fault *fault);

/* Begin the object of an error in place of what the reply has held so far; the caller writes it,
 * ends it, and replies. */
void http_begin_error(struct jsonw *w);

/* The members that each error has. */
void http_write_error(struct jsonw *w, const char *code, const char *text);

/* The head of a reply whose body the process writes: of that type, with the fields in extra, each
 * ended by CRLF. */
void http_begin_stream(struct buf *b, const char *type, const char *extra);

/* The head of a reply of many lines, which the process ends; the first is to go out with it. */
void http_begin_lines(struct buf *b);

/* Each of these sends a whole reply and ends the process. */

/* The JSON value that w has written to http_reply_buf(); status with its reason phrase of RFC 9110.
 * 500 instead if it is not whole. */
void http_reply_json(unsigned status, const struct jsonw *w) __attribute__((noreturn));

/* A status that has no body, 204. */
void http_reply_empty(unsigned status) __attribute__((noreturn));

/* The bytes in http_reply_buf(), whatever they are, with the header fields in extra, each ended by
 * CRLF. */
void http_reply_bytes(unsigned status, const char *extra) __attribute__((noreturn));

/* The text in http_reply_buf(), of that type, with status 200; 500 instead if it is not whole. */
void http_reply_text(const char *type) __attribute__((noreturn));

/* {"error": text, "code": code} */
void http_reply_error(unsigned status, const char *code, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* The same, of what the request's parsers found. */
void http_reply_fault(const struct request_fault *fault) __attribute__((noreturn));

/* 405 with the methods that the path has, as in "GET, HEAD, POST". */
void http_reply_method(const char *allowed) __attribute__((noreturn));

/* The memory that replies are written into: one reply a process. */
struct buf *http_reply_buf(void);

#endif
