/* SPDX-License-Identifier: MIT */
/* What there is in a sandbox's /dev. */
#ifndef SQUASH_SQUASHD_BOX_DEV_H
#define SQUASH_SQUASHD_BOX_DEV_H

#include "lib/err.h"

/* Makes six devices, links, and the directories that pts and shm are mounted on, in the directory
 * dev_fd (borrowed). 0 or -errno. */
int dev_fill(int dev_fd, struct err *e);

#endif
