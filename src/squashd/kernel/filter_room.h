/* SPDX-License-Identifier: MIT */
/* How many seccomp filters a sandbox's processes may load beside ours. */
#ifndef SQUASH_SQUASHD_KERNEL_FILTER_ROOM_H
#define SQUASH_SQUASHD_KERNEL_FILTER_ROOM_H

#include "lib/err.h"

/* Leaves this process, and whatever it starts, room for filters of some 4,000 instructions of those
 * that the kernel runs (a thread may have 32,768: MAX_INSNS_PER_PATH, kernel/seccomp.c). Needs
 * CAP_SYS_ADMIN. 0 or -errno. */
int filter_room_limit(struct err *e);

#endif
