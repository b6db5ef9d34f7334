/* SPDX-License-Identifier: MIT */
/* What this process counts, where squashd can read it at any time: lib/egress_fds.h. To count costs
 * no system call. */
#ifndef SQUASH_EGRESS_TRAFFIC_H
#define SQUASH_EGRESS_TRAFFIC_H

#include <stdint.h>

#include "lib/egress_fds.h"
#include "lib/err.h"

struct traffic {
	_Atomic uint64_t *counts; /* EGRESS_COUNTS of them */
};

/* Go on where the file ends that a process before has counted in. fd is taken: by the file itself
 * more could be done than that. 0 or -errno with e filled. */
int traffic_map(struct traffic *t, int fd, struct err *e);

void traffic_add(struct traffic *t, enum egress_count which, uint64_t more);

#endif
