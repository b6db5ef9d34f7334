/* SPDX-License-Identifier: MIT */
/* Heads of requests, as strangers send them, and of replies: what is read of them, and what is
 * passed on. A request that two servers could take for two things is refused (RFC 9112 11.2), and
 * no field gets past that is not named here. Pure. */
#ifndef SQUASH_FRONT_HEAD_H
#define SQUASH_FRONT_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/buf.h"
#include "lib/http_head.h"
#include "limits.h"

enum head_result { HEAD_MORE, HEAD_DONE, HEAD_BAD };

struct head_fault {
	unsigned status;
	const char *code; /* a constant text, as is the next */
	const char *text;
};

/* A request's head. All zero: nothing is read yet. */
struct head_request {
	size_t len;   /* bytes of whole lines read; in the end, the head's */
	size_t plain; /* bytes before the next that can end a line */
	unsigned lines;
	struct http_text method, target; /* the target in origin form */
	int minor;
	bool keeps; /* the client can send another request behind this one */
	bool expects_continue;
	bool has_length, has_transfer_encoding;
	bool is_chunked; /* the body: its length isn't known */
	uint64_t length; /* of the body, if it is known; 0: none */
	struct http_text host, authorization, content_type, origin;
};

/* Read on in a head of which len bytes are there, FRONT_IN_BYTES at most; those that were there
 * before must be where they were. HEAD_DONE: h is whole; HEAD_BAD: fault is filled. */
enum head_result head_read_request(struct head_request *h, const char *bytes, size_t len,
				   struct head_fault *fault);

/* Whether a method, or target, is that. */
bool head_is(struct http_text text, const char *other);

/* Whether there is a body that goes to httpd: of a method whose body has a meaning (RFC 9110 9.3,
 * RFC 5789). */
bool head_has_body(const struct head_request *h);

/* Whether httpd is certain to run the API for it, however it reads the path: of what that does,
 * nothing succeeds without a right token. */
bool head_asks_api(const struct head_request *h);

/* Whether httpd is certain to answer with a file of the console, or an error of its own: there is
 * no directory in the path, and none is made of it by decoding. */
bool head_asks_page(const struct head_request *h);

/* Write the head as httpd gets it, with GET for HEAD; authorises: without its body, of which httpd
 * is to say whether it may come (FRONT_AUTHORISE_FIELD). One in chunks goes on in frames
 * (FRONT_FRAMES_FIELD). It fits into FRONT_OUT_BYTES. */
void head_write_request(const struct head_request *h, const struct addr *client, bool authorises,
			struct buf *out);

struct head_reply {
	size_t len; /* bytes of the head as it came */
	unsigned status;
	bool has_length;
	uint64_t length;
};

/* Read a reply's head, once it is whole. */
enum head_result head_read_reply(struct head_reply *r, const char *bytes, size_t len);

/* What a browser may do with a reply, as header fields: with a page, run the console, which is all
 * of this origin; with any other, whose bytes may be a sandbox's, nothing. */
const char *head_guards(bool is_page);

/* Write a reply's head of len bytes, which head_read_reply has found good, as the client gets it;
 * is_page: as head_asks_page says of the request; keeps: the connection stays open; date: of
 * clock_http_date(). */
void head_write_reply(const char *bytes, size_t len, bool is_page, bool keeps, const char *date,
		      struct buf *out);

#endif
