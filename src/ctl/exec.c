/* SPDX-License-Identifier: MIT */
/* exec: the command's output as it comes, byte by byte, and its exit code. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "lib/fd.h"
#include "lib/limits.h"
#include "lib/utf8.h"
#include "lines.h"
#include "quote.h"
#include "runs.h"

/* A stream of which lines come. */
struct running {
	bool is_raw; /* the lines go to stdout as they are */
	struct lines lines;
	uint64_t sent[2]; /* bytes of stdout, stderr */
	bool has_ended;
	struct line result;
	char memory[CTL_LINE_BYTES];
	_Alignas(
		max_align_t) unsigned char arena[JSON_ARENA_BYTES(CTL_LINE_BYTES) + CTL_LINE_BYTES];
};

static int put(int fd, const void *bytes, size_t len, struct err *e)
{
	int rc = fd_write_all(fd, bytes, len);
	return rc < 0 ? err_say(e, EIO, "write what it says: %s", strerror(-rc)) : 0;
}

static int take_line(struct running *r, struct err *e)
{
	struct arena arena = {.base = r->arena, .cap = sizeof(r->arena)};
	struct line l;
	if (r->is_raw && put(STDOUT_FILENO, r->lines.data, r->lines.len, e) < 0)
		return -EIO;
	if (r->has_ended || !line_read(&l, r->lines.data, r->lines.len, &arena))
		return err_say(e, EPROTO,
			       "the appliance sends what is no line of a command's output");
	switch (l.kind) {
	case LINE_ALIVE:
		break;
	case LINE_ERROR:
		return err_say(e, EHOSTDOWN, "%s", l.error);
	case LINE_RESULT:
		r->has_ended = true;
		r->result = l;
		break;
	case LINE_OUTPUT:
		if (l.offset != r->sent[l.is_stderr])
			return err_say(e, EPROTO, "some of the command's output is missing");
		r->sent[l.is_stderr] += l.len;
		if (!r->is_raw)
			return put(l.is_stderr ? STDERR_FILENO : STDOUT_FILENO, l.bytes, l.len, e);
	}
	return 0;
}

static int take(void *owner, const struct reply_head *head, const uint8_t *bytes, size_t len,
		struct err *e)
{
	struct running *r = owner;
	(void)head;
	int rc;
	while ((rc = lines_take(&r->lines, &bytes, &len)) == 1)
		if ((rc = take_line(r, e)) < 0)
			return rc;
	return rc < 0 ? err_say(e, EPROTO, "the appliance sends too long a line") : 0;
}

static bool is_utf8(const char *text, size_t len)
{
	bool good = true;
	for (size_t n; len > 0 && good; text += n, len -= n)
		n = utf8_next((const uint8_t *)text, len, &good);
	return good;
}

static int write_command(struct ctl *c, const struct args *args, struct jsonw *w)
{
	static char memory[LIMIT_CMD_BYTES + 1];
	struct buf cmd = {.data = memory, .cap = LIMIT_CMD_BYTES};
	quote_words(args->rest, args->rest_count, &cmd);
	if (cmd.full)
		return ctl_fail(c, EXIT_USAGE, "the command is longer than %d bytes",
				LIMIT_CMD_BYTES);
	if (!is_utf8(cmd.data, cmd.len))
		return ctl_fail(c, EXIT_USAGE, "the command is not UTF-8, as it has to be");
	jsonw_key(w, "cmd");
	jsonw_text(w, cmd.data, cmd.len);
	return 0;
}

/* Whole, as the API has no other way. */
static int write_stdin(struct ctl *c, struct jsonw *w)
{
	static char memory[LIMIT_BODY_BYTES];
	ssize_t n = fd_read_all(STDIN_FILENO, memory, sizeof(memory));
	if (n < 0)
		return ctl_fail(c, EXIT_LOCAL, "read stdin: %s", strerror((int)-n));
	if ((size_t)n == sizeof(memory))
		return ctl_fail(
			c, EXIT_USAGE,
			"stdin is longer than a request may be: bring it in by squashctl cp");
	if (!is_utf8(memory, (size_t)n))
		return ctl_fail(c, EXIT_USAGE,
				"stdin is not UTF-8, as it has to be: bring it in by squashctl cp");
	jsonw_key(w, "stdin");
	jsonw_text(w, memory, (size_t)n);
	return 0;
}

static int write_env(struct ctl *c, const struct args *args, struct jsonw *w)
{
	jsonw_key(w, "env");
	jsonw_object_begin(w);
	for (size_t i = 0; i < args->given_count; i++) {
		const char *pair = args->given[i].value, *equals = strchr(pair, '=');
		char name[256];
		if (strcmp(args->given[i].option->name, "env") != 0)
			continue;
		if (!equals || equals == pair || (size_t)(equals - pair) >= sizeof(name))
			return ctl_fail(c, EXIT_USAGE, "--env wants NAME=VALUE, not %s", pair);
		snprintf(name, sizeof(name), "%.*s", (int)(equals - pair), pair);
		jsonw_key(w, name);
		jsonw_string(w, equals + 1);
	}
	jsonw_object_end(w);
	return 0;
}

static int write_body(struct ctl *c, const struct args *args, struct api *a)
{
	struct jsonw *w = api_write(a);
	unsigned long long timeout = 0;
	bool is_there;
	int rc = write_command(c, args, w);
	if (rc == 0)
		rc = args_milli(c, args, "timeout", &timeout, &is_there);
	if (rc == 0 && is_there) {
		jsonw_key(w, "timeout");
		jsonw_milli(w, timeout);
	}
	api_write_text(a, "workdir", args_get(args, "workdir"));
	if (rc == 0)
		rc = write_env(c, args, w);
	if (rc == 0 && args_get(args, "interactive"))
		rc = write_stdin(c, w);
	if (rc == 0 && args_get(args, "detach")) {
		jsonw_key(w, "detach");
		jsonw_bool(w, true);
	}
	return rc;
}

/* On a terminal one wonders why it has ended. Where stderr is a file, it is the command's alone. */
static void explain(const struct line *result)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (result->was_timed_out)
		fprintf(stderr, "squashctl: it has taken longer than its timeout, and was ended\n");
	if (result->was_oom_killed)
		fprintf(stderr,
			"squashctl: the sandbox had not enough memory: something was killed\n");
}

static int follow(struct ctl *c, struct api *a)
{
	static struct running r;
	r.is_raw = c->json;
	r.lines = (struct lines){.data = r.memory, .cap = sizeof(r.memory)};
	a->call.take = take;
	a->call.owner = &r;
	int rc = api_call(c, a);
	if (rc != 0)
		return rc;
	if (!r.has_ended)
		return ctl_fail(c, EXIT_UNAVAILABLE,
				"the connection has ended before the command, which ends with it");
	explain(&r.result);
	return r.result.exit_code;
}

int command_exec(struct ctl *c, const struct args *args)
{
	bool is_detached = args_get(args, "detach") != NULL;
	if (args->rest_count == 0)
		return ctl_fail(c, EXIT_USAGE, "which command? squashctl exec %s -- COMMAND",
				args->words[0]);
	struct api *a = api_begin_sandbox("POST", args->words[0], "/exec");
	int rc = api_check_names(c, a);
	if (rc == 0)
		rc = write_body(c, args, a);
	if (rc != 0)
		return rc;
	if (!is_detached) {
		target_ask(&a->target, "stream", "1");
		return follow(c, a);
	}
	return api_finish(c, a, "exec");
}
