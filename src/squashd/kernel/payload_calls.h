/* SPDX-License-Identifier: MIT */
/* What system calls there are inside a sandbox. */
#ifndef SQUASH_SQUASHD_KERNEL_PAYLOAD_CALLS_H
#define SQUASH_SQUASHD_KERNEL_PAYLOAD_CALLS_H

#include "lib/seccomp.h"

/* For commands, and for box-init, which is one more of the processes inside. */
extern const struct seccomp_table payload_calls;

#endif
