/* SPDX-License-Identifier: MIT */
/* Trees of files as tar(1) of this side packs and unpacks them. */
#ifndef SQUASH_CTL_TAR_H
#define SQUASH_CTL_TAR_H

#include <sys/types.h>

#include "ctl.h"

/* Pack what is in the directory into a file in memory, at whose beginning *fd stands; the caller
 * closes it. 0 or an exit code. */
int tar_pack(struct ctl *c, const char *directory, int *fd);

/* Begin to unpack into the directory, which is made if it isn't there, what is written to *fd. 0 or
 * an exit code; then tar_end is to be called. Owners, and set-user-ID bits, don't come along. */
int tar_begin(struct ctl *c, const char *directory, int *fd, pid_t *child);

/* Close *fd, and wait until all is there. 0 or an exit code. */
int tar_end(struct ctl *c, int *fd, pid_t child);

#endif
