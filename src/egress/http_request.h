/* SPDX-License-Identifier: MIT */
/* The head of an HTTP/1 request, line by line: what it asks for, and where the request ends (RFC
 * 9112 2 to 6). A head that two servers could read in two ways is malformed. Pure. */
#ifndef SQUASH_EGRESS_HTTP_REQUEST_H
#define SQUASH_EGRESS_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect_verdict.h"
#include "lib/http_head.h"

enum http_upgrade {
	HTTP_UPGRADE_NONE,
	HTTP_UPGRADE_WEBSOCKET, /* and nothing else */
	HTTP_UPGRADE_OTHER,
};

/* All zero: nothing of it has been read. */
struct http_request {
	struct asked asked;
	bool has_line; /* the request line has been read */
	bool has_host, has_length, has_coding, has_expect;
	bool is_bodiless; /* by its method */
	int minor;        /* of HTTP/1.x */
	uint64_t length;  /* of the body in bytes, as Content-Length says */
	bool is_chunked;
	enum http_upgrade upgrade;
};

/* Reads the next line, which is not the head's last, the empty one. Returns NULL, or why the
 * request must be refused (inspect_verdict.h). */
const char *http_request_read_line(struct http_request *r, struct http_text line);

/* Judges the head as a whole, once its empty line is there. Returns NULL, or the reason. */
const char *http_request_end(const struct http_request *r);

/* Returns whether the line may be a trailer, behind a chunked body: a field that changes neither
 * where the request goes nor where it ends. */
bool http_request_is_trailer(struct http_text line);

#endif
