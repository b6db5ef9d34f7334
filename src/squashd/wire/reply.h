/* SPDX-License-Identifier: MIT */
/* The answer to one request while it is being made: an HTTP status and the fields of msg.h. */
#ifndef SQUASH_SQUASHD_WIRE_REPLY_H
#define SQUASH_SQUASHD_WIRE_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

struct reply {
	uint16_t status;
	struct buf body;
	int conn_fd; /* where it goes; borrowed */
	bool sent;
	/* Called before the first piece goes, as its reader may take his time from then on. False:
	 * it may not go, and the reply is an error. NULL: any may. */
	bool (*may_last)(struct reply *r);
};

/* Send the reply, unless that has been done, and end our side of the connection. For handlers that
 * have work left after that; for all others their caller does it. The peer may be gone: then nobody
 * is left to be told. */
void reply_send(struct reply *r);

/* Between two records of a list: if the reply has become long, send what it has as a piece
 * (MSG_PIECE), and go on with an empty one. False if nobody takes it any more, and the reply counts
 * as sent, or if it may not last, and is an error: there is nothing left to do. Behind a piece no
 * error can be told. */
bool reply_may_go_on(struct reply *r);

/* Make the reply an error: what was in it is dropped. code is one of the stable words of
 * docs/api.md. */
void reply_fail(struct reply *r, uint16_t status, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The error that e stands for, when nothing better is known of it: 507 for want of space, 503 for
 * want of memory or descriptors, 400 for a module that is no squashfs, 500 otherwise. */
void reply_err(struct reply *r, const struct err *e);

/* The same for an e that finding, locking or joining a sandbox ended with: 404 when there is none,
 * 409 when its state is in the way. */
void reply_sandbox_err(struct reply *r, const struct err *e);

/* The same for one that a capture of the sandbox ended with (capture.h): 409 as well when it was
 * cancelled, or would have been too much. */
void reply_capture_err(struct reply *r, const char *id, const struct err *e);

#endif
