/* SPDX-License-Identifier: MIT */
/* Starting processes by clone3(2), straight into a cgroup. */
#ifndef SQUASH_SQUASHD_KERNEL_SPAWN_H
#define SQUASH_SQUASHD_KERNEL_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"

struct spawn {
	uint64_t clone_flags; /* CLONE_NEW* */
	int cgroup_fd;        /* directory of the leaf to be born in; -1: the caller's own */
	/* Runs in the child; its result is the child's exit status. What it fills e with, the
	 * caller is told. */
	int (*run)(void *arg, struct err *e);
	void *arg;
};

/* Runs s->run(s->arg) in a child with a copy of the caller's memory and descriptors. Returns when
 * the child has done execve or ended: the pid in the caller's namespace, with *pidfd owned by the
 * caller; e->number is 0, or e is what run has filled it with. -errno with e filled if there is no
 * child. */
pid_t spawn_until_exec(const struct spawn *s, int *pidfd, struct err *e);

/* The same in the caller's memory and cgroup, and returns at once: the child runs beside the
 * caller. It may only make raw system calls (errno is shared; run's e is NULL), and must be killed
 * and reaped before the caller's function returns. stack is the child's, of len bytes, borrowed
 * until then. */
pid_t spawn_beside(const struct spawn *s, void *stack, size_t len, int *pidfd, struct err *e);

#endif
