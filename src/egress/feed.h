/* SPDX-License-Identifier: MIT */
/* Between a connection's sockets and inspect.h: reads what the client says, holds it until it may
 * go on, and lets flows move it. */
#ifndef SQUASH_EGRESS_FEED_H
#define SQUASH_EGRESS_FEED_H

#include "flow.h"
#include "inspect.h"

/* All zero except bytes: the client has said nothing. */
struct feed {
	struct inspect inspect;
	uint8_t *bytes;    /* INSPECT_BYTES of room, borrowed; those before begin are up's head */
	size_t begin, len; /* held: from begin up to len */
};

enum feed_result {
	FEED_WAITS,   /* for more of the client, or of the server */
	FEED_GOES,    /* the flow has more to do */
	FEED_ASKS,    /* for feed->inspect.says.asked: the next call allows it */
	FEED_ENDS,    /* the client has sent all, and the last of it is held, or was never enough */
	FEED_REFUSES, /* for feed->inspect.says.reason */
	FEED_BROKEN,  /* the socket is broken */
};

/* Reads what the client has sent, to let go of it by up. Called when up has moved all that it was
 * allowed, or hasn't begun. */
enum feed_result feed_client(struct feed *f, struct flow *up);

/* Looks at what the server has sent, which stays where it is, to let go of it by down. Called when
 * down has moved all that it was allowed. room: INSPECT_BYTES, lent. */
enum feed_result feed_server(struct feed *f, struct flow *down, uint8_t *room);

#endif
