/* SPDX-License-Identifier: MIT */
/* Running one command in a sandbox. */
#ifndef SQUASH_SQUASHD_EXEC_EXEC_H
#define SQUASH_SQUASHD_EXEC_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exec_stream.h"
#include "lib/err.h"
#include "squashd/box/leaf.h"
#include "squashd/exec_result.h"
#include "squashd/sandbox.h"
#include "squashd/wire/exec_request.h"

#define EXEC_BEAT_MS 15000 /* less than clients wait for a reply's head: some give up after 30 s */

/* A command that has been started: where its supervisor finds it. */
struct exec_job {
	struct leaf leaf;
	int pidfd;
	int in_fd, out_fd, err_fd; /* our ends of its pipes, non-blocking */
	int input_fd; /* a memfd, the sandbox's memory: what in_fd is still to get; -1: nothing */
	uint64_t started_mono_ms;
	int null_fd;                /* what is not kept goes there; -1 until something does */
	struct exec_stream *stream; /* where its output goes, set by the caller; NULL: the result */
	/* Who waits for the result is told here that it runs, after each EXEC_BEAT_MS; -1: nobody.
	 * Borrowed, set by the caller. */
	int waiter_fd;
	uint64_t beat_ms;
};

/* Join the sandbox and start the command in a fresh leaf. The caller holds the sandbox's lock. 0;
 * or -errno with e filled and nothing left: -ESRCH no init is running, -EAGAIN too many commands.
 * What the command itself can't do (a workdir that isn't there) is a result, not an error. */
int exec_start(const struct server *s, const struct sandbox *sb, const struct exec_request *r,
	       struct exec_job *job, struct err *e);

/* Lock the sandbox of that id, read it, and start it if it is down: then a command can be started.
 * The lock, owned by the caller; or -errno. */
int exec_lock(const struct server *s, const char *id, struct sandbox *sb, struct err *e);

/* Feed and drain its pipes until it has ended or its time is over (all that it started is killed
 * then), and fill *result. All is killed as well when its stream isn't taken any more. 0 or -errno.
 * Needs no lock. */
int exec_supervise(struct exec_job *job, const struct exec_request *r, struct exec_result *result,
		   struct err *e);

/* Close its pipes, and give the leaf back. Whatever still holds the pipes would die of SIGPIPE:
 * become_shim.h is for that. */
void exec_finish(struct exec_job *job);

#endif
