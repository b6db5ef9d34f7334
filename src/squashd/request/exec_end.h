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

/* The sandbox's lock, for writing down what has ended in it: owned by the caller; -1: the sandbox
 * is being destroyed, or is gone. */
int exec_end_lock(const struct server *s, const char *id);

/* Write it down, under that lock (which may be -1): in the counts, the log, the history. */
void exec_end_record_locked(const struct server *s, const struct exec_end *end, int lock);
void exec_end_record(const struct server *s, const struct exec_end *end);

/* Append it, as fields of a message, without the output. */
void exec_end_add(const struct exec_result *result, struct buf *b);

#endif
