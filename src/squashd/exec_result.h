/* SPDX-License-Identifier: MIT */
/* How a command ended. */
#ifndef SQUASH_SQUASHD_EXEC_RESULT_H
#define SQUASH_SQUASHD_EXEC_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/limits.h"

/* What is kept of a stream: exec/kept_output.h fills it. */
struct exec_output {
	char data[LIMIT_OUTPUT_BYTES];
	bool head_only;      /* set by the caller: of one that is too long, the first bytes alone */
	uint64_t total;      /* bytes of the stream */
	uint64_t tail_from;  /* since that one, what is kept has no gap */
	size_t len;          /* bytes of data, once no more comes: */
	uint64_t omitted;    /* so many are not among them, 0 if all are, */
	uint64_t omitted_at; /* from that one on */
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
