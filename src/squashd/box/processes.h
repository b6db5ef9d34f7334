/* SPDX-License-Identifier: MIT */
/* What runs in a sandbox beside its PID 1. */
#ifndef SQUASH_SQUASHD_BOX_PROCESSES_H
#define SQUASH_SQUASHD_BOX_PROCESSES_H

#include <sys/types.h>

#include "squashd/sandbox.h"

#define PROCESSES_MAX 64 /* that are named */
#define PROCESS_CMD_BYTES 256

struct process {
	pid_t pid;                   /* as the sandbox sees it */
	char cmd[PROCESS_CMD_BYTES]; /* its arguments, blanks between, or [its name] */
};

/* Fill all with those that there are. How many, PROCESSES_MAX at most. */
size_t processes_list(const struct server *s, const char *id, struct process all[PROCESSES_MAX]);

#endif
