/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/exec. */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "requests.h"
#include "squashd/exec/exec.h"
#include "squashd/store/journal.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/store/totals.h"
#include "squashd/wire/run_read.h"

static enum msg_exec_end judge_end(const struct exec_result *result)
{
	if (result->oom_killed)
		return MSG_END_OOM;
	if (result->timed_out)
		return MSG_END_TIMEOUT;
	if (result->signal != 0)
		return MSG_END_SIGNAL;
	return result->exit_code != 0 ? MSG_END_FAILED : MSG_END_OK;
}

/* Write down how the command ended; the sandbox may be gone by now. */
static void record(const struct server *s, const struct run *run, const struct exec_result *result)
{
	AUTO_FD lock = meta_lock(s, run->id, META_WAIT, NULL);
	enum msg_exec_end end = judge_end(result);
	totals_count_exec(s->totals, end, result->duration_ms);
	if (lock >= 0)
		meta_count_end(lock, end);
	journal_exec(s, lock, run->id, run->seq, run->cmd, result);
}

/* As much of it as a log keeps. */
static void add_cmd(const struct run *run, struct buf *b)
{
	size_t len = strlen(run->cmd);
	msg_add(b, TAG_CMD, run->cmd, len < JOURNAL_CMD_BYTES ? len : JOURNAL_CMD_BYTES);
}

/* Under the sandbox's lock. If that can't be, it does not run either. */
static int detach(const struct run *run, int lock, struct exec_job *job, struct err *e)
{
	static struct detached detached;
	char text[DETACHED_FIELDS_BYTES];
	struct err ignored;
	struct buf b = {.data = text, .cap = sizeof(text)};
	add_cmd(run, &b);
	msg_add_number(&b, TAG_STARTED_MS, clock_wall_ms());
	int rc = detached_make(lock, run->seq, &b, &detached, e);
	if (rc == 0) {
		job->detached = &detached;
		return 0;
	}
	leaf_kill(&job->leaf, &ignored);
	exec_finish(job);
	return rc;
}

static int start(const struct server *s, struct run *run, struct exec_job *job, struct err *e)
{
	AUTO_FD lock = exec_join(s, run->id, &run->request, job, e);
	if (lock < 0)
		return lock;
	run->seq = meta_count_use(lock, true);
	return run->detach ? detach(run, lock, job, e) : 0;
}

static void add_output(const struct exec_result *result, struct buf *b)
{
	msg_add(b, TAG_STDOUT, result->out.data, result->out.len);
	msg_add(b, TAG_STDERR, result->err.data, result->err.len);
	msg_add_number(b, TAG_STDOUT_TRUNCATED, result->out.truncated);
	msg_add_number(b, TAG_STDERR_TRUNCATED, result->err.truncated);
}

static void add_result(const struct exec_result *result, struct buf *b)
{
	msg_add_number(b, TAG_EXIT_CODE, (uint64_t)result->exit_code);
	msg_add_number(b, TAG_STARTED_MS, result->started_ms);
	msg_add_number(b, TAG_ENDED_MS, result->ended_ms);
	msg_add_number(b, TAG_DURATION_MS, result->duration_ms);
	msg_add_number(b, TAG_TIMED_OUT, result->timed_out);
	msg_add_number(b, TAG_OOM_KILLED, result->oom_killed);
	msg_add_number(b, TAG_SIGNAL, (uint64_t)result->signal);
	msg_add_number(b, TAG_BACKGROUND, result->background);
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
	record(s, run, result);
	return true;
}

static void run_waited_for(const struct server *s, struct run *run, struct exec_job *job,
			   struct reply *r)
{
	static struct exec_result result;
	if (!supervise(s, run, job, &result, r))
		return;
	add_result(&result, &r->body);
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
		add_result(&result, &r->body);
		msg_add_number(&r->body, TAG_STDOUT_BYTES, stream.sent[0]);
		msg_add_number(&r->body, TAG_STDERR_BYTES, stream.sent[1]);
	}
	exec_stream_end(&stream); /* whole, even if it has failed in its midst */
}

/* The caller has his answer at once. */
static void run_detached(const struct server *s, struct run *run, struct exec_job *job,
			 struct reply *r)
{
	static struct exec_result result;
	char text[DETACHED_FIELDS_BYTES];
	struct buf b = {.data = text, .cap = sizeof(text)};
	struct err e;
	r->status = 202;
	msg_add_number(&r->body, TAG_EXEC, run->seq);
	reply_send(r);
	if (!supervise(s, run, job, &result, r))
		return;
	add_cmd(run, &b);
	add_result(&result, &b);
	if (detached_end(job->detached, &b, &e) < 0)
		leftover_say(run->id, &e);
	job->detached = NULL;
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
	exec_finish(&job);
}
