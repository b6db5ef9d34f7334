/* SPDX-License-Identifier: MIT */
/* What system calls squashd, its workers and all that they start may not make. */
#ifndef SQUASH_INIT_SERVICE_SQUASHD_CALLS_H
#define SQUASH_INIT_SERVICE_SQUASHD_CALLS_H

#include "lib/seccomp.h"

extern const struct seccomp_table squashd_calls;

#endif
