/* SPDX-License-Identifier: MIT */
/* Disks and partitions, by the names that sysfs gives them: "sda", "nvme0n1p2", "cciss!c0d0". */
#ifndef SQUASH_INIT_DISK_DISK_H
#define SQUASH_INIT_DISK_DISK_H

#include <stdbool.h>

#include "init/boot/parse.h"
#include "lib/err.h"

#define DATA_LABEL "SQUASH-DATA" /* of the file system that data.h mounts */

#define DISK_NAME_BYTES 32 /* DISK_NAME_LEN: "nvme0n1p2" */
#define DISK_PATH_BYTES (16 + DISK_NAME_BYTES)

/* Whether data may be meant to lie there. Loop and RAM disks are never meant; floppies take
 * seconds to say that they are empty. */
bool disk_is_candidate(const char *name);

/* Its device below /dev. */
void disk_path(const char *name, char path[DISK_PATH_BYTES]);

/* Read the superblock on it. False: none of ext2, ext3, ext4, or it cannot be read. */
bool disk_read_super(const char *name, struct ext_super *super);

/* Find the disk that a person calls wanted: a disk or partition by name, with or without /dev/;
 * else a whole disk by serial number or worldwide id, as lsblk(8) shows them. 0 with name set, or
 * -errno with e filled: no such disk, or two of that serial number. */
int disk_find(const char *wanted, char name[DISK_NAME_BYTES], struct err *e);

/* The part of disk_find that compares serial numbers. block_path is /sys/block; a test has its own.
 * Returns as disk_find does. */
int disk_find_serial(const char *block_path, const char *wanted, char name[DISK_NAME_BYTES],
		     struct err *e);

#endif
