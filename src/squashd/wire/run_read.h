/* SPDX-License-Identifier: MIT */
/* The fields of POST sandboxes/:id/exec, checked: what api sent becomes a command to run. Pure. */
#ifndef SQUASH_SQUASHD_WIRE_RUN_READ_H
#define SQUASH_SQUASHD_WIRE_RUN_READ_H

#include <stdbool.h>

#include "exec_request.h"
#include "lib/limits.h"
#include "lib/msg.h"
#include "reply.h"

/* Set unless the caller sets them: PATH, HOME, LANG, USER, OMP_NUM_THREADS, PYTHON_CPU_COUNT. */
#define RUN_ENV_DEFAULTS 6

/* The request, with the memory that it borrows. */
struct run {
	char id[LIMIT_ID_BYTES + 1];
	char cmd[LIMIT_CMD_BYTES + 1];
	char workdir[LIMIT_PATH_BYTES + 1];
	char env_text[LIMIT_MSG_BYTES + LIMIT_ENV_ENTRIES];
	size_t env_used;
	size_t env_count;
	char *envp[RUN_ENV_DEFAULTS + LIMIT_ENV_ENTRIES + 1];
	struct exec_request request;
	bool streams;    /* its output is wanted as it comes */
	bool detach;     /* nobody waits for it */
	bool keeps_head; /* of output that is too long for the answer, the first bytes alone */
	bool has_keep;   /* the caller has said what of it */
	uint64_t seq; /* which of the sandbox's commands it is, from 1: set once it has started */
};

/* Fill *run, all but what run_complete() does. Its request points into run and into the message.
 * False when a field is not good: the reply is a 400 that says which. */
bool run_read(struct msg_cursor fields, struct run *run, struct reply *r);

/* Complete the environment of one that has been read: what a login would set, and the number of
 * processors that the sandbox may have, for programs that would go by the machine's. The caller's
 * own come behind and win. */
void run_complete(struct run *run, uint64_t cpus);

#endif
