/* SPDX-License-Identifier: MIT */
/* Giving a program that is to be executed its descriptors. */
#ifndef SQUASH_SQUASHD_KERNEL_PLACE_FDS_H
#define SQUASH_SQUASHD_KERNEL_PLACE_FDS_H

#include "lib/err.h"

/* Make descriptor i a copy of fds[i] that stays open across exec, for all i below count; close it
 * where fds[i] is negative. fds is changed. 0 or -errno. */
int place_fds(int *fds, int count, struct err *e);

#endif
