/* SPDX-License-Identifier: MIT */
/* Asking squashd: one message out, one in. */
#ifndef SQUASH_API_CALL_H
#define SQUASH_API_CALL_H

#include <stdint.h>

#include "http.h"
#include "lib/msg.h"

/* The memory that a request's fields are gathered in. */
struct buf *call_fields(void);

/* Send op with the request's token, the fields gathered, and a descriptor (taken) that squashd is
 * given as well, unless it is -1; and wait for the answer. Returns the HTTP status, with *reply set
 * on the fields that came; an error that squashd sends is passed on as the HTTP reply, and the call
 * does not return then. */
unsigned call_squashd(const struct http_request *q, enum msg_op op, int passed_fd,
		      struct msg_cursor *reply);

/* The next reply after one of kind MSG_PIECE. Its status, or 0: squashd is gone. */
unsigned call_next(struct msg_cursor *reply);

/* Where it comes, for poll(2). */
int call_fd(void);

/* Write the error that fields tell of into the object that is open, and the processes that are in
 * the way, if it names any. */
void call_write_failure(struct jsonw *w, struct msg_cursor fields);

/* Write, likewise, why there is no result after pieces: what call_next returned, and its fields. */
void call_write_lost(struct jsonw *w, unsigned status, struct msg_cursor fields);

/* Ask whether the request's token may do op, which is not done; reply with the error and do not
 * return if it may not. Drops the fields gathered. */
void call_authorise(const struct http_request *q, enum msg_op op);

/* Before a request is refused for what it is: reply 401 instead and do not return if its token is
 * not good. Drops the fields gathered. */
void call_require_token(const struct http_request *q);

#endif
