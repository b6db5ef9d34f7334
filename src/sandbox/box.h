/* SPDX-License-Identifier: MIT */
/* The inside of a sandbox: its namespaces, its root file system, its PID 1. */
#ifndef SQUASH_BOX_H
#define SQUASH_BOX_H

#include "lib/err.h"
#include "sandbox.h"

/* Once, at squashd's start: the /dev that every sandbox gets a read-only view of. 0 or -errno. */
int box_make_dev(const struct server *s, struct err *e);

/* Mount the sandbox's upper: a bounded tmpfs on DATA/sandboxes/<id>/upper. 0 or -errno. */
int box_mount_upper(const struct server *s, const struct sandbox *sb, struct err *e);

/* Its layers, upper and cgroup being there: make the namespaces and the root, and start box-init.
 * 0 with *pidfd, owned by the caller, set on it; or -errno with e filled, and nothing stays. */
int box_start(const struct server *s, const struct sandbox *sb, int *pidfd, struct err *e);

#endif
