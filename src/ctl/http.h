/* SPDX-License-Identifier: MIT */
/* One request to the appliance, on a connection of its own. */
#ifndef SQUASH_CTL_HTTP_H
#define SQUASH_CTL_HTTP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"
#include "reply_head.h"
#include "settings.h"

/* A request under way. */
struct http_exchange;

struct http_call {
	const char *method;
	const char *target; /* path and query, encoded */
	/* The body: JSON in memory, or the body_len bytes that send() puts; neither: none. */
	const char *json;
	size_t json_len;
	/* Puts the whole body by http_put. 0 or -errno with e filled, which ends it. */
	int (*send)(void *owner, struct http_exchange *x, struct err *e);
	uint64_t body_len;
	int timeout_ms; /* until the reply begins; 0: CTL_REPLY_MS */
	/* Takes the body of a reply that is a success, as it comes; NULL: it is kept. 0 or -errno
	 * with e filled, which ends it. */
	int (*take)(void *owner, const struct reply_head *head, const uint8_t *bytes, size_t len,
		    struct err *e);
	/* In place of take: reads that body by http_get, not always to its end. */
	int (*receive)(void *owner, struct http_exchange *x, struct err *e);
	void *owner; /* of these three */
};

struct http_reply {
	struct reply_head head;
	uint8_t *body; /* what is kept of it: CTL_REPLY_BYTES at most; to be freed by http_free */
	size_t len, room;
};

/* Whether it is a success. */
bool http_is_good(const struct reply_head *head);

/* 0 once the reply has come as a whole, whatever its status; or -errno with e filled. reply is to
 * be freed either way. */
int http_send(const struct settings *s, const struct http_call *call, struct http_reply *reply,
	      struct err *e);

/* For send: the next bytes of the body. Returns 0, or -errno with e filled, which send returns:
 * -ECANCELED if the reply has come before the end. */
int http_put(struct http_exchange *x, const void *bytes, size_t len, struct err *e);

/* For receive: up to cap bytes of the reply's body. Returns how many, 0 at its end, or -errno with
 * e filled. */
ssize_t http_get(struct http_exchange *x, void *bytes, size_t cap, struct err *e);

void http_free(struct http_reply *reply);

#endif
