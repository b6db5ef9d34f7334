/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/exec. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exec.h"
#include "journal.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "life.h"
#include "meta.h"
#include "requests.h"
#include "run_read.h"

/* Write down how the command ended; the sandbox may be gone by now. */
static void record(const struct server *s, const struct run *run, const struct exec_result *result)
{
	struct err e;
	AUTO_FD lock = meta_lock(s, run->id, META_WAIT, NULL);
	if (lock >= 0)
		meta_count_use(lock, false);
	if (journal_exec(s, lock, run->id, run->seq, run->cmd, result, &e) < 0)
		fprintf(stderr, "squashd: %s\n", e.text);
}

/* Under the sandbox's lock: is it there, and join. */
static int start(const struct server *s, struct run *run, struct exec_job *job, struct err *e)
{
	static struct sandbox sb;
	AUTO_FD lock = meta_lock(s, run->id, META_WAIT, e);
	if (lock < 0)
		return lock;
	int rc = meta_load(s, lock, run->id, &sb, e);
	if (rc == 0)
		rc = life_ensure_runs(s, &sb, lock, e);
	if (rc == 0)
		rc = exec_start(s, &sb, &run->request, job, e);
	if (rc == 0)
		run->seq = meta_count_use(lock, true);
	return rc;
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

/* Let it run, send its output by the stream or with the result, and write down how it ended before
 * the caller can ask for that. */
static void supervise(const struct server *s, struct run *run, struct exec_job *job,
		      struct exec_stream *stream, struct reply *r)
{
	static struct exec_result result;
	struct err e;
	if (exec_supervise(job, &run->request, stream, &result, &e) < 0) {
		reply_err(r, &e);
		return;
	}
	record(s, run, &result);
	add_result(&result, &r->body);
	if (!stream) {
		add_output(&result, &r->body);
		return;
	}
	msg_add_number(&r->body, TAG_STDOUT_BYTES, stream->sent[0]);
	msg_add_number(&r->body, TAG_STDERR_BYTES, stream->sent[1]);
}

void request_exec(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct run run;
	static struct exec_stream stream;
	struct exec_job job;
	struct err e;
	if (!run_read(fields, &run, r))
		return;
	if (start(s, &run, &job, &e) < 0) {
		reply_sandbox_err(r, &e);
		return;
	}
	if (run.streams)
		exec_stream_begin(&stream, r->conn_fd, job.started_mono_ms);
	supervise(s, &run, &job, run.streams ? &stream : NULL, r);
	if (run.streams)
		exec_stream_end(&stream); /* whole, if exec_supervise has failed in its midst */
	reply_send(r);
	exec_finish(&job);
}
