/* SPDX-License-Identifier: MIT */
/* Commands that nobody waits for: their list, their output, their end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "listing.h"
#include "runs.h"

int command_execs(struct ctl *c, const struct args *args)
{
	static const struct listing execs = {
		.heads = ">N STATE >EXIT STARTED >STDOUT >STDERR COMMAND",
		.cells = "exec state result.exit_code started "
			 "bytes:stdout_bytes bytes:stderr_bytes cmd",
	};
	return listing_show(c, api_begin_sandbox("GET", args->words[0], "/execs"), &execs);
}

static struct api *begin(const char *method, const struct args *args)
{
	struct api *a = api_begin_sandbox(method, args->words[0], "/execs");
	api_add_name(a, "command", args->words[1]);
	return a;
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
	char offset[24];
	uint64_t before = s->at;
	struct api *a = begin("GET", args);
	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)s->at);
	target_add(&a->target, "output");
	target_ask(&a->target, "stream", s->name);
	target_ask(&a->target, "offset", offset);
	target_ask(&a->target, "wait", wait);
	s->is_begun = false;
	a->call.take = take;
	a->call.owner = s;
	int rc = api_call(c, a);
	s->is_running = a->reply.head.is_running;
	*got = s->at > before;
	return rc;
}

/* With "-f" the exit code is the command's. */
static int result_of(struct ctl *c, const struct args *args)
{
	int64_t code;
	struct api *a = begin("GET", args);
	int rc = api_call(c, a);
	if (rc != 0)
		return rc;
	if (json_integer(json_get(json_get(a->json, "result"), "exit_code"), &code) < 0)
		return ctl_fail(c, EXIT_REFUSED,
				"the machine went down before the command had ended");
	return (int)code & 0xff;
}

int command_output(struct ctl *c, const struct args *args)
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

int command_kill(struct ctl *c, const struct args *args)
{
	return api_call(c, begin("DELETE", args));
}
