/* SPDX-License-Identifier: MIT */
/* Whether a connection may go where it wants to. */
#ifndef SQUASH_EGRESS_ADMIT_H
#define SQUASH_EGRESS_ADMIT_H

#include "connection.h"

/* Begins with an accepted connection, whose errand is set: it is refused, dialled, or waits for its
 * first bytes or for an address. */
void connection_admit(struct connection *c);

/* Reads on, in CONNECTION_ASKS, and goes on once the bytes say what the connection wants. */
void connection_read(struct connection *c);

#endif
