/* SPDX-License-Identifier: MIT */
/* ext4's project quotas: what a directory tree may take of the disk. Sources: quotactl(2),
 * ioctl_fs_xattr (linux/fs.h, FS_IOC_FSSETXATTR), Documentation/filesystems/quota.rst. */
#ifndef SQUASH_SQUASHD_KERNEL_QUOTA_H
#define SQUASH_SQUASHD_KERNEL_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

/* Whether the file system that fs_fd is on holds projects to their limits. */
bool quota_is_enforced(int fs_fd);

/* Give the project limits; 0 for none. Past them a write fails with EDQUOT. 0 or -errno. */
int quota_limit(int fs_fd, uint32_t project, uint64_t disk_mb, uint64_t inodes, struct err *e);

/* The same for the inodes alone. */
int quota_limit_inodes(int fs_fd, uint32_t project, uint64_t inodes, struct err *e);

/* A project's limits and what it takes. */
struct quota {
	uint32_t project;
	uint64_t disk_mb;    /* 0: no limit */
	uint64_t inodes_max; /* 0: no limit */
	uint64_t inodes_used;
};

/* Reads what there is of q->project; zeros when that is not known. */
void quota_read(int fs_fd, struct quota *q);

/* Reads the first project from that number on that has a quota. False: there is none. */
bool quota_next(int fs_fd, uint32_t from, struct quota *q);

/* Bytes that the project takes; 0 when that is not known. */
uint64_t quota_used(int fs_fd, uint32_t project);

/* Put the directory, and all that will be made in it, into the project. 0 or -errno. */
int quota_assign(int dir_fd, uint32_t project, struct err *e);

#endif
