/* SPDX-License-Identifier: MIT */
/* From a client's first byte to its request's place in a queue. */
#ifndef SQUASH_FRONT_REQUEST_H
#define SQUASH_FRONT_REQUEST_H

#include "conn.h"

/* Waits for the next request. */
void request_begin(struct conn *c);

/* The steps of CONN_READS_HEAD and CONN_READS_BODY. Each returns whether something has happened. */
bool request_read_head(struct conn *c);
bool request_read_body(struct conn *c);

/* Puts the request in its queue. */
void request_queue(struct conn *c);

/* Returns whether the request's token may be tried now. If not, the client was answered, or the
 * request pauses. */
bool request_may_try(struct conn *c);

/* Tells a client that waits for it to send the body (RFC 9110 10.1.1). */
void request_say_continue(struct conn *c);

/* Puts *due_ms, by which n bytes had to move that have moved, off to when more have to. */
void request_note_moved(const struct conn *c, size_t n, uint64_t *due_ms);

#endif
