/* SPDX-License-Identifier: MIT */
/* Who may take how many of the disk's inodes. ext4 keeps none back for root as it does with blocks,
 * and promises to sandboxes may add up to more than there are. So the limits are such that all of
 * them used up together still leave the appliance its part, LIMIT_INODES_KEPT. */
#ifndef SQUASH_SQUASHD_BOX_INODES_H
#define SQUASH_SQUASHD_BOX_INODES_H

#include <stdint.h>

#include "lib/err.h"
#include "squashd/sandbox.h"

/* Holds the project to disk_mb MiB, and to as many inodes as LIMIT_INODES_PER_MB gives it for that.
 * Where these are too few for all, it gets its share of what is free, and the others' limits are
 * lowered to theirs; nobody's goes below what it has. 0, or -errno with e filled: -ENOSPC when
 * there is nothing left to share. */
int inodes_limit(const struct server *s, uint32_t project, uint64_t disk_mb, struct err *e);

/* Raises the limits that were lowered to what they can be now. Best effort: a limit that stays low
 * is raised the next time. */
void inodes_share_out(const struct server *s);

#endif
