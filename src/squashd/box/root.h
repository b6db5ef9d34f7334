/* SPDX-License-Identifier: MIT */
/* A sandbox's file tree, as its processes see it: an overlay over its layers, /proc, /dev, and the
 * /etc/resolv.conf that names its resolver. */
#ifndef SQUASH_SQUASHD_BOX_ROOT_H
#define SQUASH_SQUASHD_BOX_ROOT_H

#include "lib/err.h"
#include "squashd/kernel/mnt.h"
#include "squashd/sandbox.h"

/* In a process that is alone in its new mount namespace, with the appliance's privileges: detaches
 * its mounts from the appliance's, and mounts a tmpfs on PATH_RUN/stage, with options and flags as
 * in mnt.h. Returns the descriptor of its mount, owned by the caller, or -errno with e filled. */
int root_make_stage(const struct mnt_option *options, unsigned flags, struct err *e);

/* In a process that is alone in its new mount, pid and network namespaces, with the appliance's
 * privileges: build the tree and make it the root, the appliance's tree being gone from the
 * namespace. 0, or -errno with e filled; the process is of no use then. */
int root_build(const struct server *s, const struct sandbox *sb, int userns_fd, struct err *e);

#endif
