/* SPDX-License-Identifier: MIT */
/* How many processors the kernel prepares for. */
#ifndef SQUASH_SQUASHD_KERNEL_PROCESSORS_H
#define SQUASH_SQUASHD_KERNEL_PROCESSORS_H

#include <stdint.h>

#include "lib/err.h"

/* Sets *count to the number of processors that the machine has or could be given while it runs: the
 * kernel keeps for each of these what it keeps for each processor. Returns 0, or -errno with e
 * filled. */
int processors_count(uint64_t *count, struct err *e);

#endif
