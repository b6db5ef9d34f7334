/* SPDX-License-Identifier: MIT */
/* Starting processes by clone3(2): straight into a cgroup, sharing our memory until they execve.
 * That costs a third of a fork, and a child that fails can say why in plain memory. */
#ifndef SQUASH_SQUASHD_KERNEL_SPAWN_H
#define SQUASH_SQUASHD_KERNEL_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"

struct spawn {
	uint64_t clone_flags;  /* CLONE_NEW*; what sharing needs is added */
	int cgroup_fd;         /* directory of the leaf to be born in; -1: the caller's own */
	int (*run)(void *arg); /* runs in the child; its result is the child's exit status */
	void *arg;
};

/* Run s->run(s->arg) in a child that shares memory, not descriptors. Returns when the child has
 * done execve or ended. The child must not return from run having changed what the parent relies
 * on. The pid in the caller's namespace, with *pidfd owned by the caller; or -errno with e
 * filled. */
pid_t spawn_until_exec(const struct spawn *s, int *pidfd, struct err *e);

/* As above, but return at once: the child runs beside the caller. It may only make raw system calls
 * (errno is shared), and must be killed and reaped before the caller's function returns. stack is
 * the child's, of len bytes, borrowed until then. */
pid_t spawn_beside(const struct spawn *s, void *stack, size_t len, int *pidfd, struct err *e);

#endif
