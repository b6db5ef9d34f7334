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

static void add_result(const struct exec_result *result, struct reply *r)
{
	struct buf *b = &r->body;
	msg_add_number(b, TAG_EXIT_CODE, (uint64_t)result->exit_code);
	msg_add(b, TAG_STDOUT, result->out.data, result->out.len);
	msg_add(b, TAG_STDERR, result->err.data, result->err.len);
	msg_add_number(b, TAG_STARTED_MS, result->started_ms);
	msg_add_number(b, TAG_ENDED_MS, result->ended_ms);
	msg_add_number(b, TAG_DURATION_MS, result->duration_ms);
	msg_add_number(b, TAG_TIMED_OUT, result->timed_out);
	msg_add_number(b, TAG_OOM_KILLED, result->oom_killed);
	msg_add_number(b, TAG_STDOUT_TRUNCATED, result->out.truncated);
	msg_add_number(b, TAG_STDERR_TRUNCATED, result->err.truncated);
	msg_add_number(b, TAG_SIGNAL, (uint64_t)result->signal);
	msg_add_number(b, TAG_BACKGROUND, result->background);
}

void request_exec(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct run run;
	static struct exec_result result;
	struct exec_job job;
	struct err e;
	if (!run_read(fields, &run, r))
		return;
	if (start(s, &run, &job, &e) < 0) {
		reply_sandbox_err(r, &e);
		return;
	}
	if (exec_supervise(&job, &run.request, &result, &e) < 0) {
		reply_err(r, &e);
	} else {
		record(s, &run, &result); /* before the caller can ask for it */
		add_result(&result, r);
	}
	reply_send(r);
	exec_finish(&job);
}
