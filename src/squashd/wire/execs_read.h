/* SPDX-License-Identifier: MIT */
/* The fields of the requests about detached commands, checked. Pure. */
#ifndef SQUASH_SQUASHD_WIRE_EXECS_READ_H
#define SQUASH_SQUASHD_WIRE_EXECS_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/msg.h"
#include "reply.h"

struct exec_question {
	char id[LIMIT_ID_BYTES + 1];
	uint64_t number; /* of the command, from 1 */
	int which;       /* of its streams: 0 stdout, 1 stderr */
	uint64_t offset; /* bytes */
	uint64_t wait_s;
};

/* Fill *q; output: it is asked for its output, which has fields of its own. False when a field is
 * not good: the reply is a 400 that says which. */
bool execs_read(struct msg_cursor fields, bool output, struct exec_question *q, struct reply *r);

#endif
