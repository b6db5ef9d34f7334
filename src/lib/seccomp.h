/* SPDX-License-Identifier: MIT */
/* System calls that a process may make, as a table: seccomp(2). */
#ifndef SQUASH_LIB_SECCOMP_H
#define SQUASH_LIB_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* What must hold of an argument, counted from 0, of which the low 32 bits are looked at: where a
 * table asks, the kernel takes no more itself. */
enum seccomp_test { SECCOMP_ANY, SECCOMP_IS, SECCOMP_HAS_ANY_BIT, SECCOMP_ABOVE };

struct seccomp_condition {
	enum seccomp_test test;
	unsigned argument;
	uint32_t value;
};

#define ARG_IS(n, v)                                                                               \
	{                                                                                          \
		.test = SECCOMP_IS, .argument = (n), .value = (uint32_t)(v)                        \
	}
#define ARG_HAS(n, v)                                                                              \
	{                                                                                          \
		.test = SECCOMP_HAS_ANY_BIT, .argument = (n), .value = (uint32_t)(v)               \
	}
#define ARG_ABOVE(n, v)                                                                            \
	{                                                                                          \
		.test = SECCOMP_ABOVE, .argument = (n), .value = (uint32_t)(v)                     \
	}

/* Rules for one call stand side by side: the first whose conditions hold counts, and where none
 * does, the call is as one that isn't in the table. */
struct seccomp_rule {
	uint32_t number; /* SYS_* */
	int error;       /* 0: it is allowed; otherwise it does nothing but fail with this errno */
	struct seccomp_condition all[2];
};

#define ALLOW(n)                                                                                   \
	{                                                                                          \
		.number = (n)                                                                      \
	}
#define ALLOW_IF(n, ...)                                                                           \
	{                                                                                          \
		.number = (n), .all = { __VA_ARGS__ }                                              \
	}
#define REFUSE(n, e)                                                                               \
	{                                                                                          \
		.number = (n), .error = (e)                                                        \
	}
#define REFUSE_IF(n, e, ...)                                                                       \
	{                                                                                          \
		.number = (n), .error = (e), .all = { __VA_ARGS__ }                                \
	}

/* What every program of ours ends with: going on after a stop, and ending. Wants
 * <sys/syscall.h>. */
#define ALLOW_RESTART_AND_EXIT ALLOW(SYS_restart_syscall), ALLOW(SYS_exit_group)

/* All that clone(2) makes namespaces by: CLONE_NEWTIME's bit is in its exit signal. Wants
 * <sched.h>. */
#define NEW_NAMESPACES                                                                             \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
	 CLONE_NEWCGROUP)

#define SECCOMP_REST_ALLOWED (-1)

struct seccomp_table {
	const struct seccomp_rule *rules;
	size_t count;
	/* What any other call fails with, those of other architectures (x32, i386) included; 0: it
	 * kills the process by SIGSYS; SECCOMP_REST_ALLOWED: it is allowed, but for those of other
	 * architectures, which fail with ENOSYS. */
	int otherwise;
};

/* Bind this thread and what it executes to the table, for good. It must have no_new_privs, or
 * CAP_SYS_ADMIN in its user namespace. 0 or -errno. */
int seccomp_load(const struct seccomp_table *t, struct err *e);

/* The same for a program that begins: before that it becomes not dumpable, as it has secrets in its
 * memory, gives up new privileges, and ignores SIGPIPE, to say that a pipe is closed. 0 or -errno
 * with e filled. */
int seccomp_confine(const struct seccomp_table *t, struct err *e);

#endif
