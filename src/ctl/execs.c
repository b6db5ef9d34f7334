/* SPDX-License-Identifier: MIT */
/* Commands that nobody waits for: their list, their output, their end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "commands.h"
#include "lib/fd.h"
#include "table.h"

static void add_exec(struct table *t, const struct json_value *e)
{
	const struct json_value *result = json_get(e, "result");
	table_value(t, json_get(e, "exec"));
	table_value(t, json_get(e, "state"));
	table_value(t, json_get(result, "exit_code"));
	table_value(t, json_get(e, "started"));
	table_size(t, json_get(e, "stdout_bytes"));
	table_size(t, json_get(e, "stderr_bytes"));
	table_value(t, json_get(e, "cmd"));
}

static int list(struct ctl *c, const struct args *args)
{
	struct api *a;
	struct table t;
	int rc = api_begin_sandbox(c, &a, "GET", args->words[0], "/execs");
	if (rc == 0)
		rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	table_init(&t, &a->arena, ">N STATE >EXIT STARTED >STDOUT >STDERR COMMAND");
	for (const struct json_value *e = api_first(a); e; e = e->next)
		add_exec(&t, e);
	table_print(&t);
	return 0;
}

const struct command command_execs = {
	.name = "execs",
	.usage = "ID",
	.help = "list a sandbox's detached commands",
	.min_words = 1,
	.max_words = 1,
	.run = list,
};

static int begin(struct ctl *c, struct api **a, const char *method, const struct args *args)
{
	int rc = api_check_name(c, "command", args->words[1]);
	if (rc == 0)
		rc = api_begin_sandbox(c, a, method, args->words[0], "/execs");
	if (rc == 0)
		target_add(&(*a)->target, args->words[1]);
	return rc;
}

/* One of its two streams. */
struct source {
	const char *name;
	int fd;
	uint64_t at;     /* bytes read so far */
	bool is_running; /* the command, when it was asked last */
	bool is_begun;   /* a piece is coming */
	uint64_t missed;
};

static int take(void *owner, const struct reply_head *head, const uint8_t *bytes, size_t len,
		struct err *e)
{
	struct source *s = owner;
	if (!s->is_begun && head->offset > s->at) {
		s->missed += head->offset - s->at;
		s->at = head->offset;
	}
	s->is_begun = true;
	s->at += len;
	int rc = fd_write_all(s->fd, bytes, len);
	return rc < 0 ? err_say(e, EIO, "write what it says: %s", strerror(-rc)) : 0;
}

/* Copy what there is from s->at on; *got: whether that was anything. */
static int read_on(struct ctl *c, const struct args *args, struct source *s, const char *wait,
		   bool *got)
{
	struct api *a;
	char offset[24];
	uint64_t before = s->at;
	int rc = begin(c, &a, "GET", args);
	if (rc != 0)
		return rc;
	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)s->at);
	target_add(&a->target, "output");
	target_ask(&a->target, "stream", s->name);
	target_ask(&a->target, "offset", offset);
	target_ask(&a->target, "wait", wait);
	s->is_begun = false;
	a->call.take = take;
	a->call.owner = s;
	rc = api_call(c, a);
	s->is_running = a->reply.head.is_running;
	*got = s->at > before;
	return rc;
}

/* With "-f" the exit code is the command's. */
static int result_of(struct ctl *c, const struct args *args)
{
	struct api *a;
	int64_t code;
	int rc = begin(c, &a, "GET", args);
	if (rc == 0)
		rc = api_call(c, a);
	if (rc != 0)
		return rc;
	if (json_integer(json_get(json_get(a->json, "result"), "exit_code"), &code) < 0)
		return ctl_fail(c, EXIT_REFUSED,
				"the machine went down before the command had ended");
	return (int)code & 0xff;
}

static int output(struct ctl *c, const struct args *args)
{
	struct source sources[] = {{.name = "stdout", .fd = STDOUT_FILENO},
				   {.name = "stderr", .fd = STDERR_FILENO}};
	bool follows = args_get(args, "follow") != NULL, got[2];
	int rc = 0;
	do {
		/* One waits for both: what comes on the other is a second late. */
		rc = read_on(c, args, &sources[0], follows ? "1" : "0", &got[0]);
		if (rc == 0)
			rc = read_on(c, args, &sources[1], "0", &got[1]);
	} while (rc == 0 && (got[0] || got[1] || (follows && sources[1].is_running)));
	for (size_t i = 0; i < 2 && rc == 0; i++)
		if (sources[i].missed > 0)
			fprintf(stderr, "squashctl: %llu bytes of %s are not kept any more\n",
				(unsigned long long)sources[i].missed, sources[i].name);
	return rc == 0 && follows ? result_of(c, args) : rc;
}

static const struct option output_options[] = {
	{"follow", 'f', NULL, "go on until it has ended, and exit as it did"},
	{.name = NULL},
};

const struct command command_output = {
	.name = "output",
	.usage = "[-f] ID N",
	.help = "what a detached command has written",
	.options = output_options,
	.min_words = 2,
	.max_words = 2,
	.is_proxy = true,
	.run = output,
};

static int kill_one(struct ctl *c, const struct args *args)
{
	struct api *a;
	int rc = begin(c, &a, "DELETE", args);
	return rc != 0 ? rc : api_call(c, a);
}

const struct command command_kill = {
	.name = "kill",
	.usage = "ID N",
	.help = "end a detached command",
	.min_words = 2,
	.max_words = 2,
	.run = kill_one,
};
