/* SPDX-License-Identifier: MIT */
/* How a command ended. */
#ifndef SQUASH_SQUASHD_EXEC_RESULT_H
#define SQUASH_SQUASHD_EXEC_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/limits.h"

/* The first LIMIT_OUTPUT_BYTES of a stream; whether there was more. */
struct exec_output {
	char data[LIMIT_OUTPUT_BYTES];
	size_t len;
	bool truncated;
};

struct exec_result {
	int exit_code; /* 128 + N after signal N, 124 after the timeout */
	int signal;    /* 0: it ended by itself */
	bool timed_out;
	bool oom_killed;               /* the kernel ended something of it for want of memory */
	bool background;               /* something it started still holds its output */
	uint64_t started_ms, ended_ms; /* since 1970 */
	uint64_t duration_ms;
	struct exec_output out, err;
};

#endif
