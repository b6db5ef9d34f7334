/* SPDX-License-Identifier: MIT */
/* exec: the command's output as it comes, byte by byte, and its exit code. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "json_print.h"
#include "lib/fd.h"
#include "lib/limits.h"
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

/* As JSON, when line_read has found it to be that. */
static int put_line(const struct lines *l, struct err *e)
{
	int rc = json_print(l->data, l->len);
	if (rc == 0 && fflush(stdout) != 0)
		rc = -errno;
	return rc < 0 ? err_say(e, EIO, "write what it says: %s", strerror(-rc)) : 0;
}

static int take_line(struct running *r, struct err *e)
{
	struct arena arena = {.base = r->arena, .cap = sizeof(r->arena)};
	struct line l;
	if (r->has_ended || !line_read(&l, r->lines.data, r->lines.len, &arena))
		return err_say(e, EPROTO,
			       "the appliance sends what is no line of a command's output");
	if (r->is_raw && put_line(&r->lines, e) < 0)
		return -EIO;
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

static int write_command(struct ctl *c, const struct args *args, struct api *a)
{
	static char memory[LIMIT_CMD_BYTES + 1];
	char word[64];
	struct buf cmd = {.data = memory, .cap = LIMIT_CMD_BYTES};
	quote_words(args->rest, args->rest_count, &cmd);
	if (cmd.full)
		return ctl_fail(c, EXIT_USAGE, "the command is longer than %d bytes",
				LIMIT_CMD_BYTES);
	for (size_t i = 0; i < args->rest_count; i++) {
		snprintf(word, sizeof(word), "word %zu of the command", i + 1);
		api_check_text(a, word, args->rest[i], strlen(args->rest[i]));
	}
	jsonw_key(api_write(a), "cmd");
	jsonw_text(&a->w, cmd.data, cmd.len);
	return 0;
}

/* Whole, as the API has no other way. */
static int write_stdin(struct ctl *c, struct api *a)
{
	static char memory[LIMIT_BODY_BYTES];
	ssize_t n = fd_read_all(STDIN_FILENO, memory, sizeof(memory));
	if (n < 0)
		return ctl_fail(c, EXIT_LOCAL, "read stdin: %s", strerror((int)-n));
	if ((size_t)n == sizeof(memory))
		return ctl_fail(
			c, EXIT_USAGE,
			"stdin is longer than a request may be: bring it in by squashctl cp");
	int rc = api_check(c, a);
	if (rc != 0)
		return rc;
	api_check_text(a, "stdin", memory, (size_t)n);
	if (a->fault[0])
		return ctl_fail(c, EXIT_USAGE, "%s: bring it in by squashctl cp", a->fault);
	jsonw_key(api_write(a), "stdin");
	jsonw_text(&a->w, memory, (size_t)n);
	return 0;
}

static int write_env(struct ctl *c, const struct args *args, struct api *a)
{
	struct jsonw *w = api_write(a);
	jsonw_key(w, "env");
	jsonw_object_begin(w);
	for (size_t i = 0; i < args->given_count; i++) {
		const char *pair = args->given[i].value, *equals = strchr(pair, '=');
		char name[256], argument[sizeof(name) + 8];
		if (strcmp(args->given[i].option->name, "env") != 0)
			continue;
		if (!equals || equals == pair || (size_t)(equals - pair) >= sizeof(name))
			return ctl_fail(c, EXIT_USAGE, "--env wants NAME=VALUE, not %s", pair);
		snprintf(name, sizeof(name), "%.*s", (int)(equals - pair), pair);
		snprintf(argument, sizeof(argument), "--env %s", name);
		api_check_text(a, argument, pair, strlen(pair));
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
	int rc = write_command(c, args, a);
	if (rc == 0)
		rc = args_milli(c, args, "timeout", &timeout, &is_there);
	if (rc == 0 && is_there) {
		jsonw_key(w, "timeout");
		jsonw_milli(w, timeout);
	}
	api_write_text(a, "workdir", "--workdir", args_get(args, "workdir"));
	if (rc == 0)
		rc = write_env(c, args, a);
	if (rc == 0 && args_get(args, "interactive"))
		rc = write_stdin(c, a);
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
	int rc = api_check(c, a);
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
