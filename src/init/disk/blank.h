/* SPDX-License-Identifier: MIT */
/* Whether a disk is blank, so that SQUASH_FORMAT may write to it. */
#ifndef SQUASH_INIT_DISK_BLANK_H
#define SQUASH_INIT_DISK_BLANK_H

#include <stdint.h>

#include "lib/err.h"

#define BLANK_BYTES                                                                                \
	(UINT64_C(16) << 20) /* at each end; partition tables and superblocks lie there */

/* Checks that the first and last BLANK_BYTES of a disk are zero. fd is borrowed; name is for
 * messages; bytes is the disk's size, BLANK_BYTES or more. Returns 0, or -errno with e filled:
 * -EEXIST if a byte there is not zero. */
int blank_check(int fd, const char *name, uint64_t bytes, struct err *e);

#endif
