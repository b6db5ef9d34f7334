/* SPDX-License-Identifier: MIT */
/* Says when the kernel has no random numbers yet, and when it has. Nothing waits here: what needs
 * them does, in getrandom(2), and the kernel then gathers them itself within a second or so. */
#ifndef SQUASH_INIT_BOOT_ENTROPY_H
#define SQUASH_INIT_BOOT_ENTROPY_H

#include "lib/err.h"

struct entropy {
	int event_fd; /* readable once there are random numbers, for poll(2); -1: there are */
};

/* Look whether there are any. x->event_fd is -1 before. */
int entropy_check(struct entropy *x, struct err *e);

/* Take in that there are. */
void entropy_read_events(struct entropy *x);

#endif
