/* SPDX-License-Identifier: MIT */
/* A command that is to run in a sandbox. */
#ifndef SQUASH_SQUASHD_WIRE_EXEC_REQUEST_H
#define SQUASH_SQUASHD_WIRE_EXEC_REQUEST_H

#include <stddef.h>
#include <stdint.h>

struct exec_request {         /* everything borrowed */
	const char *cmd;      /* for /bin/sh -c; NULL: */
	int program_fd;       /* a program of the appliance's, by descriptor, with */
	char *const *argv;    /* these arguments; it has no stderr */
	const char *workdir;  /* absolute, as the sandbox sees it */
	char *const *envp;    /* the whole environment, NULL-terminated */
	const uint8_t *input; /* what the command reads on stdin; the caller's to write for a */
	size_t input_len;     /* program. 0: there is nothing */
	uint64_t timeout_ms;
};

#endif
