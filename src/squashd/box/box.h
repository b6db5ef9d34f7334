/* SPDX-License-Identifier: MIT */
/* The inside of a sandbox: its namespaces, its root file system, its PID 1. */
#ifndef SQUASH_SQUASHD_BOX_BOX_H
#define SQUASH_SQUASHD_BOX_BOX_H

#include "lib/err.h"
#include "squashd/sandbox.h"

/* Its layers, upper and cgroup being there: make the namespaces and the root, and start box-init.
 * 0 with *pidfd, owned by the caller, set on it; or -errno with e filled, and nothing stays. */
int box_start(const struct server *s, const struct sandbox *sb, int *pidfd, struct err *e);

/* End all that runs in the sandbox, its PID 1 and then its egress too, and wait until it is gone:
 * its mounts are, then, and its cgroup is as box_start needs it. 0, also if nothing ran; -EBUSY or
 * another -errno. */
int box_stop(const struct server *s, const char *id, struct err *e);

#endif
