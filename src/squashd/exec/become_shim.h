/* SPDX-License-Identifier: MIT */
/* How a worker becomes its command's shim (src/shim) when nobody waits any more: its memory is the
 * sandbox's then, and its seat is free. */
#ifndef SQUASH_SQUASHD_EXEC_BECOME_SHIM_H
#define SQUASH_SQUASHD_EXEC_BECOME_SHIM_H

#include "detached.h"
#include "exec.h"

/* Go on as the shim of sandbox id's seq-th command: the job's descriptors are given to it. The
 * command runs, and is kept in d, until its time, timeout_ms, is over; or it has ended, and d is
 * NULL. Returns only if that fails: -errno; all that runs of the command is to be killed then. */
int become_shim(const struct server *s, const char *id, struct exec_job *job, uint64_t seq,
		uint64_t timeout_ms, const struct detached *d, struct err *e);

#endif
