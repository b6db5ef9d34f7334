/* SPDX-License-Identifier: MIT */
/* A connection's states: which step each takes, and what happens when its deadline is over. */
#ifndef SQUASH_FRONT_STATES_H
#define SQUASH_FRONT_STATES_H

#include "conn.h"

/* Goes on with a connection as far as it goes. */
void conn_run(struct conn *c);

/* Has the loop go on with a connection that has just been made. */
void conn_watch(struct conn *c);

#endif
