/* SPDX-License-Identifier: MIT */
/* One request to the appliance, on a connection of its own. */
#ifndef SQUASH_CTL_HTTP_H
#define SQUASH_CTL_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "reply_head.h"
#include "settings.h"

struct http_call {
	const char *method;
	const char *target; /* path and query, encoded */
	/* The body: JSON in memory, or a file's bytes from its position on; neither: none. */
	const char *json;
	size_t json_len;
	int file_fd; /* counts if json is NULL and file_len is not 0, or is_file */
	bool is_file;
	uint64_t file_len;
	int timeout_ms; /* until the reply begins; 0: CTL_REPLY_MS */
	/* Called while a file is sent; NULL: nobody. */
	void (*progress)(void *owner, uint64_t sent, uint64_t all);
	/* Takes the body of a reply that is a success, as it comes; NULL: it is kept. 0 or -errno
	 * with e filled, which ends it. */
	int (*take)(void *owner, const struct reply_head *head, const uint8_t *bytes, size_t len,
		    struct err *e);
	void *owner; /* of these two */
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

void http_free(struct http_reply *reply);

#endif
