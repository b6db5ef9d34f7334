/* SPDX-License-Identifier: MIT */
/* SQUASH_FORMAT: a blank disk becomes SQUASH-DATA. */
#ifndef SQUASH_INIT_DISK_FORMAT_H
#define SQUASH_INIT_DISK_FORMAT_H

#include "lib/err.h"

/* Make the disk that a person calls wanted (see disk_find) SQUASH-DATA, all of it, and say so on
 * the console. It is taken if it has 64 MiB or more, and its first and last 16 MiB hold nothing but
 * zeroes; or if an earlier call has begun and not finished with it. mount_point: a directory where
 * nothing is mounted, then or afterwards. The kernel's ext4 is there. 0, or -errno with e filled:
 * then no byte of a disk that was not blank has changed. */
int format_disk(const char *wanted, const char *mount_point, struct err *e);

#endif
