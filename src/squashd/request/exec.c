/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/exec. */
#include <errno.h>
#include <string.h>

#include "exec_end.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "requests.h"
#include "squashd/exec/become_shim.h"
#include "squashd/exec/exec.h"
#include "squashd/seats.h"
#include "squashd/store/journal.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/wire/run_read.h"

static struct detached detached;

/* As much of it as a log keeps. */
static void add_cmd(const struct run *run, struct buf *b)
{
	size_t len = strlen(run->cmd);
	msg_add(b, TAG_CMD, run->cmd, len < JOURNAL_CMD_BYTES ? len : JOURNAL_CMD_BYTES);
}

/* Under the sandbox's lock. If that can't be, it does not run either. */
static int detach(const struct server *s, struct run *run, int lock, struct exec_job *job,
		  struct err *e)
{
	char text[DETACHED_FIELDS_BYTES];
	struct err ignored;
	struct buf b = {.data = text, .cap = sizeof(text)};
	struct detached_job kept = {
		.caller = *s->caller,
		.oom_kills = job->leaf.oom_kills,
		.frozen_ms = job->leaf.frozen_ms,
		.started_ms = clock_wall_ms(),
		.cmd_len = strlen(run->cmd),
	};
	memcpy(kept.leaf, job->leaf.name, sizeof(kept.leaf));
	add_cmd(run, &b);
	msg_add_number(&b, TAG_STARTED_MS, kept.started_ms);
	int rc = detached_make(lock, run->seq, &b, &kept, &detached, e);
	if (rc < 0) {
		leaf_kill(&job->leaf, &ignored);
		exec_finish(job);
	}
	return rc;
}

static int start(const struct server *s, struct run *run, struct exec_job *job, struct err *e)
{
	AUTO_FD lock = exec_join(s, run->id, &run->request, job, e);
	if (lock < 0)
		return lock;
	run->seq = meta_count_use(lock, true);
	return run->detach ? detach(s, run, lock, job, e) : 0;
}

static void add_output(const struct exec_result *result, struct buf *b)
{
	msg_add(b, TAG_STDOUT, result->out.data, result->out.len);
	msg_add(b, TAG_STDERR, result->err.data, result->err.len);
	msg_add_number(b, TAG_STDOUT_TRUNCATED, result->out.truncated);
	msg_add_number(b, TAG_STDERR_TRUNCATED, result->err.truncated);
}

/* Let it run, and write down how it ended before the caller can ask for that. False: it could not
 * be seen to its end, and the reply says why. */
static bool supervise(const struct server *s, struct run *run, struct exec_job *job,
		      struct exec_result *result, struct reply *r)
{
	struct err e;
	if (exec_supervise(job, &run->request, result, &e) < 0) {
		reply_err(r, &e);
		return false;
	}
	const struct exec_end end = {run->id, run->seq, run->cmd, strlen(run->cmd), result};
	exec_end_record(s, &end);
	return true;
}

static void run_waited_for(const struct server *s, struct run *run, struct exec_job *job,
			   struct reply *r)
{
	static struct exec_result result;
	if (!supervise(s, run, job, &result, r))
		return;
	exec_end_add(&result, &r->body);
	add_output(&result, &r->body);
}

static void run_streamed(const struct server *s, struct run *run, struct exec_job *job,
			 struct reply *r)
{
	static struct exec_stream stream;
	static struct exec_result result;
	exec_stream_begin(&stream, r->conn_fd, job->started_mono_ms);
	job->stream = &stream;
	if (supervise(s, run, job, &result, r)) {
		exec_end_add(&result, &r->body);
		msg_add_number(&r->body, TAG_STDOUT_BYTES, stream.sent[0]);
		msg_add_number(&r->body, TAG_STDERR_BYTES, stream.sent[1]);
	}
	exec_stream_end(&stream); /* whole, even if it has failed in its midst */
}

/* Nobody waits for what is left of it any more. Returns if there is nothing, or that fails. */
static void leave_to_shim(const struct server *s, struct run *run, struct exec_job *job,
			  const struct detached *d)
{
	struct err e, ignored;
	seats_leave(s->seats, s->seat);
	if (become_shim(s, run->id, job, run->seq, run->request.timeout_ms, d, &e) == 0)
		return;
	leftover_say(run->id, &e);
	leaf_kill(&job->leaf, &ignored);
}

/* The caller has his answer at once. */
static void run_detached(const struct server *s, struct run *run, struct exec_job *job,
			 struct reply *r)
{
	r->status = 202;
	msg_add_number(&r->body, TAG_EXEC, run->seq);
	reply_send(r);
	leave_to_shim(s, run, job, &detached);
	detached_close(&detached);
}

void request_exec(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct run run;
	struct exec_job job = {0};
	struct err e;
	if (!run_read(fields, &run, r))
		return;
	if (start(s, &run, &job, &e) < 0) {
		reply_sandbox_err(r, &e);
		return;
	}
	if (run.detach)
		run_detached(s, &run, &job, r);
	else if (run.streams)
		run_streamed(s, &run, &job, r);
	else
		run_waited_for(s, &run, &job, r);
	reply_send(r);
	if (!run.detach && !job.leaf.killed && (job.out_fd >= 0 || job.err_fd >= 0)) {
		leaf_settle(&job.leaf);
		leave_to_shim(s, &run, &job, NULL);
	}
	exec_finish(&job);
}
