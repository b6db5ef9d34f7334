/* SPDX-License-Identifier: MIT */
/* Whose turn it is. */
#ifndef SQUASH_FRONT_SCHEDULE_H
#define SQUASH_FRONT_SCHEDULE_H

#include "conn.h"

/* Goes on with the handshakes, and starts the requests, whose turn it is. */
void schedule(struct front *f);

#endif
