/* SPDX-License-Identifier: MIT */
/* Heads of the appliance's replies. Pure. */
#ifndef SQUASH_CTL_REPLY_HEAD_H
#define SQUASH_CTL_REPLY_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reply_head {
	size_t len; /* bytes of the head; the body begins behind them */
	unsigned status;
	bool has_length;
	uint64_t length; /* Content-Length; without it the body ends with the connection */
	/* The appliance's own fields; those that aren't there are -1, 0 and false. */
	int mode;        /* Squash-Mode: 0 to 07777 */
	uint64_t offset; /* Squash-Offset */
	bool is_running; /* Squash-State: running */
};

enum reply_head_result { REPLY_HEAD_MORE, REPLY_HEAD, REPLY_HEAD_BAD };

/* Read a head of which len bytes are there, of CTL_REPLY_HEAD_BYTES at most. */
enum reply_head_result reply_head_read(struct reply_head *r, const char *bytes, size_t len);

#endif
