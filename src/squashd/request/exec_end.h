/* SPDX-License-Identifier: MIT */
/* What the end of a command leads to, whoever waited for it. */
#ifndef SQUASH_SQUASHD_REQUEST_EXEC_END_H
#define SQUASH_SQUASHD_REQUEST_EXEC_END_H

#include "lib/buf.h"
#include "squashd/exec_result.h"
#include "squashd/sandbox.h"

struct exec_end {
	const char *id;  /* its sandbox */
	uint64_t seq;    /* which of that one's commands */
	const char *cmd; /* of its cmd_len bytes, what a log keeps */
	size_t cmd_len;
	const struct exec_result *result;
};

/* Lock the sandbox, by its directory, for writing down what has ended in it. 0; -ENOENT: it is
 * being destroyed, or is gone, and there may be another one of its id; -EBUSY: somebody has had the
 * lock for wait_ms. */
int exec_end_lock(int dir_fd, uint64_t wait_ms);

/* Write it down: in the history, and, in that directory (-1: none), in the counts and the log. The
 * first has it locked already, the other locks it and gives it back. */
void exec_end_record_locked(const struct server *s, const struct exec_end *end, int dir_fd);
void exec_end_record(const struct server *s, const struct exec_end *end, int dir_fd);

/* Append it, as fields of a message, without the output. */
void exec_end_add(const struct exec_result *result, struct buf *b);

#endif
