/* SPDX-License-Identifier: MIT */
/* What the kernel's ext4 does to a file system that is mounted. root is a descriptor of its root,
 * borrowed; all fail with -errno and e filled.
 *
 * Growing has a trap: mounted for writing with growth in its journal, a kernel (6.12) counts the
 * block groups before it replays the journal, and then hits a BUG. So a file system that is being
 * grown has a label that says so, on the disk (ext4_checkpoint()) before growth begins, and its own
 * again when all of it is there. */
#ifndef SQUASH_INIT_DISK_EXT4_H
#define SQUASH_INIT_DISK_EXT4_H

#include <stdint.h>

#include "lib/err.h"

/* Grow it to so many blocks of its own size; fewer than a block group takes may be left out. Takes
 * seconds for each TB. */
int ext4_grow(int root, uint64_t blocks, struct err *e);

/* Write all that is in its journal to its place. */
int ext4_checkpoint(int root, struct err *e);

/* Label it, of EXT_LABEL_BYTES at most: in its journal, at first. */
int ext4_label(int root, const char *label, struct err *e);

/* Give it a UUID of its own (RFC 9562, version 4: random). It needs metadata_csum_seed. */
int ext4_renew_uuid(int root, struct err *e);

#endif
