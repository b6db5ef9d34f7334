/* SPDX-License-Identifier: MIT */
/* Running one command in a sandbox. */
#ifndef SQUASH_SQUASHD_EXEC_EXEC_H
#define SQUASH_SQUASHD_EXEC_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detached.h"
#include "exec_stream.h"
#include "lib/err.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/sandbox.h"

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

/* A command that has been started: where its supervisor finds it. */
struct exec_job {
	struct leaf leaf;
	int pidfd;
	int in_fd, out_fd, err_fd; /* our ends of its pipes, non-blocking */
	uint64_t started_mono_ms;
	int null_fd; /* what is not kept goes there; -1 until something does */
	/* Where its output goes, set by the caller; both NULL: into the result. */
	struct exec_stream *stream;
	struct detached *detached;
};

/* Join the sandbox and start the command in a fresh leaf. The caller holds the sandbox's lock. 0;
 * or -errno with e filled and nothing left: -ESRCH no init is running, -EAGAIN too many commands.
 * What the command itself can't do (a workdir that isn't there) is a result, not an error. */
int exec_start(const struct server *s, const struct sandbox *sb, const struct exec_request *r,
	       struct exec_job *job, struct err *e);

/* The same for a sandbox that is named: it is locked, and started if it is down. The lock, owned by
 * the caller; or -errno. */
int exec_join(const struct server *s, const char *id, const struct exec_request *r,
	      struct exec_job *job, struct err *e);

/* Feed and drain its pipes until it has ended or its time is over (all that it started is killed
 * then), and fill *result. All is killed as well when its stream isn't taken any more, or when it
 * is detached and unwanted. 0 or -errno. Needs no lock. */
int exec_supervise(struct exec_job *job, const struct exec_request *r, struct exec_result *result,
		   struct err *e);

/* After the result has been delivered: read on for what still holds the pipes, so that it does not
 * die of SIGPIPE, until it closes them; then give the leaf back. */
void exec_finish(struct exec_job *job);

#endif
