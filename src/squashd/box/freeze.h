/* SPDX-License-Identifier: MIT */
/* Stopping all that runs in a sandbox for a while, and letting it go on. How long it has stood is
 * kept on the cgroup, for what counts its time. Source: cgroup-v2.rst, cgroup.freeze. */
#ifndef SQUASH_SQUASHD_BOX_FREEZE_H
#define SQUASH_SQUASHD_BOX_FREEZE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

/* Freeze the sandbox, and wait until it stands. 0, also if nothing of it runs; -EBUSY when some of
 * its processes don't stop, and it goes on; another -errno. */
int freeze_start(int root_fd, const char *id, struct err *e);

/* Let it go on, if it was frozen. 0, or -errno and it may stand still. */
int freeze_end(int root_fd, const char *id, struct err *e);

/* Milliseconds that the sandbox whose cgroup is box_fd has stood frozen, up to now. */
uint64_t freeze_total_ms(int box_fd);

#endif
