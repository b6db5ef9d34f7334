/* SPDX-License-Identifier: MIT */
/* System calls that a process may make, as a table: seccomp(2). */
#ifndef SQUASH_SECCOMP_H
#define SQUASH_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define SECCOMP_RULES 240 /* in one table: what the program in seccomp.c has room for */

struct seccomp_rule {
	uint32_t number; /* SYS_* */
	int error;       /* 0: it is allowed; otherwise it does nothing but fail with this errno */
};

/* Bind this thread and what it executes to the table, for good: any other call, as any of another
 * architecture's (x32, i386), kills the process by SIGSYS. Sets no_new_privs. 0 or -errno. */
int seccomp_load(const struct seccomp_rule *rules, size_t count, struct err *e);

#endif
