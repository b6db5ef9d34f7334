/* SPDX-License-Identifier: MIT */
#include "run_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fields.h"

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
	run->envp[RUN_ENV_DEFAULTS + run->env_count++] = text;
	run->env_used += f->len + 1;
	return true;
}

static bool read_keep(const struct msg_field *f, struct run *run, struct reply *r)
{
	char text[8];
	if (!fields_text(f, "keep", text, sizeof(text), r))
		return false;
	run->has_keep = true;
	run->keeps_head = strcmp(text, "head") == 0;
	if (run->keeps_head || strcmp(text, "ends") == 0)
		return true;
	reply_fail(r, 400, "bad_field", "keep is \"%s\"; it may be \"head\" or \"ends\"", text);
	return false;
}

static bool read_field(const struct msg_field *f, void *request, struct reply *r)
{
	struct run *run = request;
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
	case TAG_STREAM:
		return fields_flag(f, "stream", &run->streams, r);
	case TAG_DETACH:
		return fields_flag(f, "detach", &run->detach, r);
	case TAG_KEEP:
		return read_keep(f, run, r);
	case TAG_STDIN:
		run->request.input = f->data;
		run->request.input_len = f->len;
		return true;
	default:
		return fields_refuse(r);
	}
}

void run_complete(struct run *run, uint64_t cpus)
{
	static char defaults[RUN_ENV_DEFAULTS][72] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"LANG=C.UTF-8",
		"USER=root",
	};
	size_t n = 0;
	snprintf(defaults[4], sizeof(defaults[4]), "OMP_NUM_THREADS=%" PRIu64, cpus);
	snprintf(defaults[5], sizeof(defaults[5]), "PYTHON_CPU_COUNT=%" PRIu64, cpus);
	for (size_t i = 0; i < RUN_ENV_DEFAULTS; i++) {
		size_t name_len = strcspn(defaults[i], "=") + 1;
		bool given = false;
		for (size_t k = 0; k < run->env_count && !given; k++)
			given = strncmp(run->envp[RUN_ENV_DEFAULTS + k], defaults[i], name_len) ==
				0;
		if (!given)
			run->envp[n++] = defaults[i];
	}
	memmove(run->envp + n, run->envp + RUN_ENV_DEFAULTS, run->env_count * sizeof(run->envp[0]));
	run->envp[n + run->env_count] = NULL;
}

bool run_read(struct msg_cursor fields, struct run *run, struct reply *r)
{
	/* Not all of it: that is megabytes. */
	run->id[0] = run->cmd[0] = '\0';
	run->env_used = run->env_count = 0;
	run->streams = run->detach = run->keeps_head = run->has_keep = false;
	run->request = (struct exec_request){0};
	strcpy(run->workdir, "/");
	run->request.timeout_ms = DEFAULT_TIMEOUT_S * UINT64_C(1000);
	if (!fields_read(fields, read_field, run, r) || !fields_has_id(run->id, r))
		return false;
	if (run->cmd[0] == '\0') {
		reply_fail(r, 400, "bad_field", "cmd is missing or empty");
		return false;
	}
	if (run->streams && run->detach) {
		reply_fail(r, 400, "bad_field",
			   "stream and detach don't go together: execs/:n/output has its output");
		return false;
	}
	if (run->has_keep && (run->streams || run->detach)) {
		reply_fail(
			r, 400, "bad_field",
			"keep is for output that comes with the answer, not with stream or detach");
		return false;
	}
	run->request.cmd = run->cmd;
	run->request.workdir = run->workdir;
	run->request.envp = run->envp;
	return true;
}
