/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/exec. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "exec.h"
#include "fields.h"
#include "journal.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "meta.h"
#include "requests.h"

#define ENV_DEFAULTS 4

/* The request, with the memory that it borrows. */
struct run {
	char id[LIMIT_ID_BYTES + 1];
	char cmd[LIMIT_CMD_BYTES + 1];
	char workdir[LIMIT_PATH_BYTES + 1];
	char env_text[LIMIT_MSG_BYTES + LIMIT_ENV_ENTRIES];
	size_t env_used;
	size_t env_count;
	char *envp[ENV_DEFAULTS + LIMIT_ENV_ENTRIES + 1];
	struct exec_request request;
	uint64_t seq; /* which of the sandbox's commands it is, from 1 */
};

static bool add_env(struct run *run, const struct msg_field *f, struct reply *r)
{
	if (run->env_count == LIMIT_ENV_ENTRIES) {
		reply_fail(r, 400, "bad_field", "env has more than %d entries", LIMIT_ENV_ENTRIES);
		return false;
	}
	char *text = run->env_text + run->env_used;
	if (!fields_text(f, "env", text, sizeof(run->env_text) - run->env_used, r))
		return false;
	if (f->len > LIMIT_CMD_BYTES) {
		reply_fail(r, 400, "bad_field", "env: an entry is longer than %d bytes",
			   LIMIT_CMD_BYTES);
		return false;
	}
	if (text[0] == '=' || !strchr(text, '=')) {
		reply_fail(r, 400, "bad_field", "env: a name is empty or holds a =");
		return false;
	}
	run->envp[ENV_DEFAULTS + run->env_count++] = text;
	run->env_used += f->len + 1;
	return true;
}

static bool read_field(struct run *run, const struct msg_field *f, struct reply *r)
{
	switch (f->tag) {
	case TAG_ID:
		return fields_id(f, run->id, r);
	case TAG_CMD:
		return fields_text(f, "cmd", run->cmd, sizeof(run->cmd), r);
	case TAG_WORKDIR:
		if (!fields_text(f, "workdir", run->workdir, sizeof(run->workdir), r))
			return false;
		if (run->workdir[0] == '/')
			return true;
		reply_fail(r, 400, "bad_field", "workdir must begin with /");
		return false;
	case TAG_TIMEOUT_MS:
		return fields_number(f, "timeout (in milliseconds)", 1, LIMIT_TIMEOUT_MS,
				     &run->request.timeout_ms, r);
	case TAG_ENV:
		return add_env(run, f, r);
	case TAG_STDIN:
		run->request.input = f->data;
		run->request.input_len = f->len;
		return true;
	default:
		return fields_refuse(r);
	}
}

/* What a login would set; the caller's own come behind and win. */
static void complete_env(struct run *run)
{
	static char defaults[ENV_DEFAULTS][72] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"LANG=C.UTF-8",
		"USER=root",
	};
	size_t n = 0;
	for (size_t i = 0; i < ENV_DEFAULTS; i++) {
		size_t name_len = strcspn(defaults[i], "=") + 1;
		bool given = false;
		for (size_t k = 0; k < run->env_count && !given; k++)
			given = strncmp(run->envp[ENV_DEFAULTS + k], defaults[i], name_len) == 0;
		if (!given)
			run->envp[n++] = defaults[i];
	}
	memmove(run->envp + n, run->envp + ENV_DEFAULTS, run->env_count * sizeof(run->envp[0]));
	run->envp[n + run->env_count] = NULL;
}

static bool read_run(struct msg_cursor fields, struct run *run, struct reply *r)
{
	struct msg_field f;
	int rc;
	strcpy(run->workdir, "/");
	run->request.timeout_ms = DEFAULT_TIMEOUT_S * UINT64_C(1000);
	while ((rc = msg_next(&fields, &f)) > 0)
		if (!read_field(run, &f, r))
			return false;
	if (rc < 0 || run->id[0] == '\0')
		return fields_refuse(r);
	if (run->cmd[0] == '\0') {
		reply_fail(r, 400, "bad_field", "cmd is missing or empty");
		return false;
	}
	complete_env(run);
	run->request.cmd = run->cmd;
	run->request.workdir = run->workdir;
	run->request.envp = run->envp;
	return true;
}

/* Note in the sandbox's usage that it was active just now; its count of commands, with this one if
 * it is starting. */
static uint64_t count_use(int dir_fd, bool starting)
{
	struct err e;
	struct usage u = meta_read_usage(dir_fd);
	u.exec_count += starting;
	u.last_active_ms = clock_wall_ms();
	if (meta_write_usage(dir_fd, &u, &e) < 0)
		fprintf(stderr, "squashd: %s\n", e.text);
	return u.exec_count;
}

/* Write down how the command ended; the sandbox may be gone by now. */
static void record(const struct server *s, const struct run *run, const struct exec_result *result)
{
	struct err e;
	AUTO_FD lock = meta_lock(s, run->id, true, NULL);
	if (lock >= 0)
		count_use(lock, false);
	if (journal_exec(s, lock, run->id, run->seq, run->cmd, result, &e) < 0)
		fprintf(stderr, "squashd: %s\n", e.text);
}

/* Under the sandbox's lock: is it there, and join. */
static int start(const struct server *s, struct run *run, struct exec_job *job, struct err *e)
{
	static struct sandbox sb;
	AUTO_FD lock = meta_lock(s, run->id, true, e);
	if (lock < 0)
		return lock;
	int rc = meta_load(lock, run->id, &sb, e);
	if (rc == 0)
		rc = exec_start(s, &sb, &run->request, job, e);
	if (rc == 0)
		run->seq = count_use(lock, true);
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

static void send_reply(int conn_fd, const struct reply *r)
{
	struct err e;
	/* The caller may be gone; then nobody is left to be told. */
	msg_send(conn_fd, r->status, NULL, 0, &r->body, &e);
	shutdown(conn_fd, SHUT_RDWR);
}

void request_exec(const struct server *s, struct msg_cursor fields, struct reply *r, int conn_fd)
{
	static struct run run;
	static struct exec_result result;
	struct exec_job job;
	struct err e;
	if (!read_run(fields, &run, r)) {
		send_reply(conn_fd, r);
		return;
	}
	if (start(s, &run, &job, &e) < 0) {
		reply_sandbox_err(r, &e);
		send_reply(conn_fd, r);
		return;
	}
	if (exec_supervise(&job, &run.request, &result, &e) < 0) {
		reply_err(r, &e);
	} else {
		record(s, &run, &result); /* before the caller can ask for it */
		add_result(&result, r);
	}
	send_reply(conn_fd, r);
	exec_finish(&job);
}
