/* SPDX-License-Identifier: MIT */
/* What a command gets on its stdin, until it has read it. */
#ifndef SQUASH_SQUASHD_EXEC_INPUT_H
#define SQUASH_SQUASHD_EXEC_INPUT_H

#include "lib/err.h"
#include "squashd/sandbox.h"
#include "squashd/wire/exec_request.h"

/* Write the request's input to the new pipe in_fd; what the pipe doesn't hold goes into a file in
 * the sandbox's memory, *input_fd, owned by the caller (-1: nothing is left). The request's own is
 * not needed any more. 0; -ENOMEM: the sandbox has no memory left for it; another -errno. */
int input_begin(const struct server *s, const char *id, const struct exec_request *r, int in_fd,
		int *input_fd, struct err *e);

#endif
