/* SPDX-License-Identifier: MIT */
/* The part of inspect.h that follows HTTP/1: one request after the other, each to its end. */
#ifndef SQUASH_EGRESS_INSPECT_HTTP_H
#define SQUASH_EGRESS_INSPECT_HTTP_H

#include "http_request.h"

enum inspect_http_state {
	INSPECT_HTTP_HEAD,     /* reads a head */
	INSPECT_HTTP_ASKED,    /* has said what the head asks for */
	INSPECT_HTTP_CHUNK,    /* reads the size of a chunk */
	INSPECT_HTTP_CRLF,     /* reads the end of a chunk's line of data */
	INSPECT_HTTP_TRAILERS, /* reads what follows the last chunk */
	INSPECT_HTTP_UPGRADED, /* the server has switched to WebSocket */
};

/* All zero: the first request is to come. */
struct inspect_http {
	enum inspect_http_state state;
	size_t at;                 /* where the next line begins, from the first byte held */
	size_t plain;              /* bytes of that line that are known to be none of its end */
	bool is_later;             /* another request came before */
	enum http_upgrade upgrade; /* asked for by the first request, and not answered */
	struct http_request request;
};

/* As inspect_client, inspect_server and inspect_server_ended of inspect.h. */
enum inspect_verdict inspect_http_client(struct inspect_http *h, const uint8_t *held, size_t len,
					 struct inspect_says *says);
enum inspect_verdict inspect_http_server(struct inspect_http *h, const uint8_t *peeked, size_t len,
					 struct inspect_says *says);
void inspect_http_server_ended(struct inspect_http *h);

/* Returns whether the server's bytes must be seen before they go on. */
bool inspect_http_listens(const struct inspect_http *h);

#endif
