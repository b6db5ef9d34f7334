/* SPDX-License-Identifier: MIT */
/* What is kept of a command's stream for its answer: all of it, or its first and its last half of
 * LIMIT_OUTPUT_BYTES, as errors stand at the end. */
#ifndef SQUASH_SQUASHD_EXEC_KEPT_OUTPUT_H
#define SQUASH_SQUASHD_EXEC_KEPT_OUTPUT_H

#include <stddef.h>
#include <sys/types.h>

#include "squashd/exec_result.h"

/* Read some of what there is in the pipe fd, non-blocking, and keep it or drop it. *null_fd:
 * /dev/null, opened when it is needed, or -1; the caller's to close. As read(2): 0 at the end, -1
 * with errno. */
ssize_t kept_output_take(struct exec_output *o, int fd, int *null_fd);

/* Drop some of what there is, without a copy. As read(2). */
ssize_t kept_output_drop(int fd, size_t most, int *null_fd);

/* No more comes: put what is kept in order, whole characters of UTF-8 at both sides of the gap, and
 * set len, omitted and omitted_at. */
void kept_output_finish(struct exec_output *o);

#endif
