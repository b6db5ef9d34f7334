/* SPDX-License-Identifier: MIT */
/* A SQUASH-DATA that grows to its disk: the image of a stick is as large as what is on it, and the
 * stick is larger. The partition must be flagged for it (GPT attribute "grow file system"), and be
 * the last one. First the partition grows, then the file system in it, mounted.
 *
 * The power may go at any time: of the two partition tables one is valid, and the next boot goes on
 * from there. A file system that was being grown has GROW_LABEL instead of DATA_LABEL. */
#ifndef SQUASH_INIT_DISK_GROW_H
#define SQUASH_INIT_DISK_GROW_H

#include <stdbool.h>

#include "disk.h"

#define GROW_LABEL "SQUASH-GROWING"

/* Look at the tables of all disks: a flagged partition with our file system gets the room behind
 * it; and a disk of such a partition whose first table is damaged gets that anew from its backup:
 * the kernel doesn't look at it. What was done, or can't be, is said on the console, but no failure
 * that *has_failed says was said before. */
void grow_partitions(bool *has_failed);

/* Before the partition of this name, which has GROW_LABEL, is mounted for writing: have the kernel
 * replay its journal. False: it can't be used, and the console says so. */
bool grow_recover(const char *name, const char *mount_point);

/* The partition of this name is mounted there for writing: have its file system grow, if it is
 * flagged and there is room, and get DATA_LABEL back, if it has lost it. Failures are said. */
void grow_file_system(const char *name, const struct ext_super *super, const char *mount_point);

#endif
