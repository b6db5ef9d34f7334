/* SPDX-License-Identifier: MIT */
/* Mounting by descriptors: fsopen(2), fsmount(2), open_tree(2), mount_setattr(2), move_mount(2). A
 * mount is made detached, changed, and attached last, so that nobody sees it half made. */
#ifndef SQUASH_SQUASHD_KERNEL_MNT_H
#define SQUASH_SQUASHD_KERNEL_MNT_H

#include <stdbool.h>

#include "lib/err.h"

enum mnt_flag { /* attributes of a new mount; they add up */
		MNT_READ_ONLY = 1,
		MNT_NO_SUID = 2,
		MNT_NO_DEV = 4,
		MNT_NO_EXEC = 8,
};

struct mnt_option {
	const char *key; /* NULL ends a list */
	const char
		*value; /* NULL: an option without one. At most 255 bytes: a limit of fsconfig(2) */
};

/* A new file system, detached. The descriptor of its mount (owned by the caller), or -errno. */
int mnt_new(const char *type, const struct mnt_option *options, unsigned flags, struct err *e);

/* A detached copy of the mount whose root is dir_fd/path, without what is mounted below it. */
int mnt_clone(int dir_fd, const char *path, struct err *e);

/* Give the detached mount the ids of the user namespace: what is owned by 0 on disk is owned by its
 * root. squashfs and tmpfs can; source: mount_setattr(2), "ID-mapped mounts". 0 or -errno. */
int mnt_idmap(int mnt_fd, int userns_fd, unsigned flags, struct err *e);

/* Add flags to a detached mount. 0 or -errno. */
int mnt_restrict(int mnt_fd, unsigned flags, struct err *e);

/* Attach on dir_fd/path ("" or a relative path: no symbolic link is followed, and nothing above
 * dir_fd is reached). mnt_fd is borrowed. 0 or -errno. */
int mnt_attach(int mnt_fd, int dir_fd, const char *path, struct err *e);

/* Unmount path, not lazily: -EBUSY if it is in use. 0 also if nothing is mounted there. */
int mnt_detach(const char *path, struct err *e);

/* Whether something is mounted on dir_fd/path. */
bool mnt_is_root(int dir_fd, const char *path);

/* Open dir_fd/path as O_PATH, inside dir_fd and through no symbolic link. */
int mnt_open_path(int dir_fd, const char *path, struct err *e);

#endif
