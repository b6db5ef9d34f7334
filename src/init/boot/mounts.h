/* SPDX-License-Identifier: MIT */
/* The kernel's file systems, the image's completeness, the root and the kernel's settings. */
#ifndef SQUASH_INIT_BOOT_MOUNTS_H
#define SQUASH_INIT_BOOT_MOUNTS_H

#include "lib/err.h"

/* Mount /proc, /sys, /dev, the cgroup tree, /run and /tmp. */
int mounts_make(struct err *e);

/* Compare the image with its manifest: a file that is missing or short means that memory did not
 * suffice to unpack it, because the kernel goes on after that. -ENOSPC with e filled. */
int mounts_check_image(struct err *e);

/* Give the root a mount of its own: the kernel's first root can't be given to pivot_root(2), which
 * every sandbox calls. */
int mounts_move_root(struct err *e);

/* Write the settings of PATH_SYSCTLS to /proc/sys; one that fails is said, and is no failure.
 * panic= on the command line goes before kernel.panic. */
int mounts_apply_sysctls(struct err *e);

#endif
