/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/exec. */
#include <errno.h>
#include <string.h>
#include <sys/file.h>

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

/* What is known of it before it is started. */
static int keep(const struct server *s, const struct run *run, int lock, struct detached_job *kept,
		struct err *e)
{
	char text[DETACHED_FIELDS_BYTES];
	struct buf b = {.data = text, .cap = sizeof(text)};
	*kept = (struct detached_job){
		.caller = *s->caller,
		.started_ms = clock_wall_ms(),
		.cmd_len = strlen(run->cmd),
	};
	add_cmd(run, &b);
	msg_add_number(&b, TAG_STARTED_MS, kept->started_ms);
	return detached_make(lock, run->seq, &b, kept, &detached, e);
}

static int keep_job(const struct exec_job *job, struct detached_job *kept, struct err *e)
{
	kept->oom_kills = job->leaf.oom_kills;
	kept->frozen_ms = job->leaf.frozen_ms;
	memcpy(kept->leaf, job->leaf.name, sizeof(kept->leaf));
	return detached_set_job(&detached, kept, e);
}

/* A detached command's directory is there before it is: without one it does not run. Its number is
 * taken when it does. */
static int start_detached(const struct server *s, const struct sandbox *sb, int lock,
			  struct run *run, struct exec_job *job, struct err *e)
{
	struct detached_job kept;
	struct err ignored;
	int rc = keep(s, run, lock, &kept, e);
	if (rc < 0)
		return rc;
	rc = exec_start(s, sb, &run->request, job, e);
	if (rc == 0 && (rc = keep_job(job, &kept, e)) < 0) {
		leaf_kill(&job->leaf, LEAF_KILL_MS, &ignored);
		exec_finish(job);
	}
	if (rc < 0)
		detached_drop(lock, run->seq, &detached);
	return rc;
}

/* After a power cut the count may be behind. */
static uint64_t next_number(int dir_fd)
{
	uint64_t counted = meta_read_usage(dir_fd).exec_count, last = detached_last(dir_fd);
	return (counted > last ? counted : last) + 1;
}

/* For how many threads at once the sandbox has processor time: at least one. */
static uint64_t count_cpus(const struct server *s, const struct sandbox *sb)
{
	uint64_t cpus = (sb->cpu_milli + 999) / 1000;
	return cpus < s->processors ? cpus : s->processors;
}

/* The sandbox's directory, owned by the caller, or -errno. */
static int start(const struct server *s, struct run *run, struct exec_job *job, struct err *e)
{
	static struct sandbox sb;
	AUTO_FD lock = exec_lock(s, run->id, &sb, e);
	if (lock < 0)
		return lock;
	run->seq = next_number(lock);
	run_complete(run, count_cpus(s, &sb));
	int rc = run->detach ? start_detached(s, &sb, lock, run, job, e)
			     : exec_start(s, &sb, &run->request, job, e);
	if (rc < 0)
		return rc;
	meta_count_start(lock, run->seq);
	flock(lock, LOCK_UN);
	return fd_steal(&lock);
}

static void add_output(const struct exec_result *result, struct buf *b)
{
	msg_add(b, TAG_STDOUT, result->out.data, result->out.len);
	msg_add(b, TAG_STDERR, result->err.data, result->err.len);
	msg_add_number(b, TAG_STDOUT_OMITTED, result->out.omitted);
	msg_add_number(b, TAG_STDERR_OMITTED, result->err.omitted);
	msg_add_number(b, TAG_STDOUT_OMITTED_AT, result->out.omitted_at);
	msg_add_number(b, TAG_STDERR_OMITTED_AT, result->err.omitted_at);
}

/* Let it run, and write down how it ended before the caller can ask for that. False: it could not
 * be seen to its end, and the reply says why. */
static bool supervise(const struct server *s, struct run *run, int dir_fd, struct exec_job *job,
		      struct exec_result *result, struct reply *r)
{
	struct err e;
	if (exec_supervise(job, &run->request, result, &e) < 0) {
		reply_err(r, &e);
		return false;
	}
	const struct exec_end end = {run->id, run->seq, run->cmd, strlen(run->cmd), result};
	exec_end_record(s, &end, dir_fd);
	return true;
}

static void run_waited_for(const struct server *s, struct run *run, int dir_fd,
			   struct exec_job *job, struct reply *r)
{
	static struct exec_result result;
	job->waiter_fd = r->conn_fd;
	result.out.head_only = result.err.head_only = run->keeps_head;
	if (!supervise(s, run, dir_fd, job, &result, r))
		return;
	exec_end_add(&result, &r->body);
	add_output(&result, &r->body);
}

static void run_streamed(const struct server *s, struct run *run, int dir_fd, struct exec_job *job,
			 struct reply *r)
{
	static struct exec_stream stream;
	static struct exec_result result;
	exec_stream_begin(&stream, r->conn_fd, job->started_mono_ms);
	job->stream = &stream;
	if (supervise(s, run, dir_fd, job, &result, r)) {
		exec_end_add(&result, &r->body);
		msg_add_number(&r->body, TAG_STDOUT_BYTES, stream.sent[0]);
		msg_add_number(&r->body, TAG_STDERR_BYTES, stream.sent[1]);
	}
	exec_stream_end(&stream); /* whole, even if it has failed in its midst */
}

/* Nobody waits for what is left of it any more. Returns if that fails. Under the sandbox's lock: of
 * one that is gone nothing is left, and there may be another one of its id. */
static void leave_to_shim(const struct server *s, struct run *run, int dir_fd, struct exec_job *job,
			  const struct detached *d)
{
	struct err e, ignored;
	if (exec_end_lock(dir_fd, META_WAIT) < 0)
		return;
	if (!d)
		leaf_settle(&job->leaf, LEAF_END_MS);
	seats_leave(s->seats, s->seat);
	if (become_shim(s, run->id, job, run->seq, run->request.timeout_ms, d, &e) == 0)
		return;
	leftover_say(run->id, &e);
	leaf_kill(&job->leaf, LEAF_KILL_MS, &ignored);
}

/* The caller has his answer at once. */
static void run_detached(const struct server *s, struct run *run, int dir_fd, struct exec_job *job,
			 struct reply *r)
{
	r->status = 202;
	msg_add_number(&r->body, TAG_EXEC, run->seq);
	reply_send(r);
	leave_to_shim(s, run, dir_fd, job, &detached);
	detached_close(&detached);
}

void request_exec(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct run run;
	struct exec_job job = {0};
	struct err e;
	if (!run_read(fields, &run, r))
		return;
	AUTO_FD dir = start(s, &run, &job, &e);
	if (dir < 0) {
		reply_sandbox_err(r, &e);
		return;
	}
	if (run.detach)
		run_detached(s, &run, dir, &job, r);
	else if (run.streams)
		run_streamed(s, &run, dir, &job, r);
	else
		run_waited_for(s, &run, dir, &job, r);
	reply_send(r);
	if (!run.detach && !job.leaf.killed && (job.out_fd >= 0 || job.err_fd >= 0))
		leave_to_shim(s, &run, dir, &job, NULL);
	exec_finish(&job);
}
