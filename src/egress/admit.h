/* SPDX-License-Identifier: MIT */
/* Whether a connection may go where it wants to. */
#ifndef SQUASH_EGRESS_ADMIT_H
#define SQUASH_EGRESS_ADMIT_H

#include "connection.h"

/* Begins with an accepted connection, whose dest, port and name are set: it is refused, dialled, or
 * waits for its first bytes or for an address. */
void connection_admit(struct connection *c);

/* Reads on, in CONNECTION_SNIFFS, and goes on once the bytes say what the connection wants. */
void connection_sniff(struct connection *c);

/* Returns NULL, or why the policy does not allow what is known of the connection so far. */
const char *connection_refusal(const struct connection *c);

#endif
