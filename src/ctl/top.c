/* SPDX-License-Identifier: MIT */
/* top: the sandboxes, looked at again and again. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "api.h"
#include "figures.h"
#include "lib/clock.h"
#include "lines.h"
#include "runs.h"
#include "show.h"
#include "table.h"

static volatile sig_atomic_t has_ended;

static void on_signal(int number)
{
	(void)number;
	has_ended = 1;
}

static const char *size_of(const struct json_value *object, const char *key,
			   char text[SHOW_SIZE_BYTES])
{
	int64_t bytes;
	if (json_integer(json_get(object, key), &bytes) < 0 || bytes < 0)
		return "?";
	return show_size((uint64_t)bytes, text);
}

static int print_system(struct ctl *c)
{
	char a1[SHOW_SIZE_BYTES], a2[SHOW_SIZE_BYTES], b1[SHOW_SIZE_BYTES], b2[SHOW_SIZE_BYTES];
	char memory[1024], shown[SHOW_BYTES(1024)];
	struct buf line = {.data = memory, .cap = sizeof(memory)};
	struct buf out = {.data = shown, .cap = sizeof(shown)};
	struct api *a = api_begin("GET", "api/system");
	int rc = api_call(c, a);
	if (rc != 0)
		return rc;
	const struct json_value *ram = json_get(a->json, "memory"),
				*disk = json_get(a->json, "disk");
	buf_printf(&line, "%s  sandboxes %s  requests %s  memory %s free of %s  disk %s free of %s",
		   api_text(a->json, "hostname"), api_text(json_get(a->json, "sandboxes"), "count"),
		   api_text(json_get(a->json, "requests"), "under_way"),
		   size_of(ram, "available_bytes", a1), size_of(ram, "total_bytes", a2),
		   size_of(disk, "free_bytes", b1), size_of(disk, "total_bytes", b2));
	show_text(line.data, line.len, &out);
	printf("%.*s\n\n", (int)out.len, out.data);
	return 0;
}

/* A look: what they use, now and when it was looked before. */
struct look {
	struct figures now, before;
	struct lines lines; /* of the metrics, as they come, by way of: */
	char line[CTL_METRIC_BYTES];
};

static int take_metrics(void *owner, const struct reply_head *head, const uint8_t *bytes,
			size_t len, struct err *e)
{
	struct look *k = owner;
	int rc;
	(void)head;
	while ((rc = lines_take(&k->lines, &bytes, &len)) == 1)
		figures_take(&k->now, k->lines.data, k->lines.len - 1); /* without its end */
	return rc < 0 ? err_say(e, EPROTO, "a line of the metrics is too long") : 0;
}

static int take_look(struct ctl *c, struct look *k)
{
	struct api *a = api_begin("GET", "metrics");
	a->call.take = take_metrics;
	a->call.owner = k;
	k->lines = (struct lines){.data = k->line, .cap = sizeof(k->line)};
	k->before = k->now;
	k->now.count = 0;
	k->now.at_ms = clock_mono_ms();
	return api_call(c, a);
}

/* "0.25/2": processors that it uses, and that it may use. */
static void add_cpu(struct table *t, const struct look *k, const struct json_value *sandbox)
{
	uint64_t used;
	const char *most = api_text(sandbox, "cpu");
	if (figures_cpu(&k->before, &k->now, api_text(sandbox, "id"), &used))
		table_printf(t, "%" PRIu64 ".%02" PRIu64 "/%.16s", used / 100, used % 100, most);
	else
		table_printf(t, "-/%.16s", most);
}

/* "12.5M/1.0G" of what it uses, "-" if that isn't known, and of so many MiB. */
static void add_share(struct table *t, const char *used, const struct json_value *most_mb)
{
	char most[SHOW_SIZE_BYTES];
	int64_t mb;
	if (json_integer(most_mb, &mb) < 0 || mb < 0 || mb > LIMIT_MEMORY_MB_MAX)
		table_text(t, used);
	else
		table_printf(t, "%s/%s", used, show_size((uint64_t)mb << 20, most));
}

static void add_memory(struct table *t, const struct look *k, const struct json_value *sandbox)
{
	char text[SHOW_SIZE_BYTES];
	const struct figure *f = figures_find(&k->now, api_text(sandbox, "id"));
	add_share(t, f && f->has_memory ? show_size(f->memory_bytes, text) : "-",
		  json_get(sandbox, "memory_mb"));
}

static int print_sandboxes(struct ctl *c, const struct look *k)
{
	struct table t;
	char text[SHOW_SIZE_BYTES];
	struct api *a = api_begin("GET", "api/sandboxes");
	int rc = api_call(c, a);
	if (rc != 0)
		return rc;
	table_init(&t, &a->arena, "ID OWNER >CPU >MEMORY >DISK >EXECS LAST_ACTIVE TASK");
	for (const struct json_value *s = api_first(a); s; s = s->next) {
		table_cells(&t, s, "id owner");
		add_cpu(&t, k, s);
		add_memory(&t, k, s);
		add_share(&t, size_of(s, "upper_bytes", text), json_get(s, "disk_mb"));
		table_cells(&t, s, "exec_count last_active task");
	}
	table_print(&t);
	return 0;
}

static int show(struct ctl *c, struct look *k)
{
	int rc = take_look(c, k);
	if (rc == 0)
		rc = print_system(c);
	return rc != 0 ? rc : print_sandboxes(c, k);
}

/* Until it is time to look again, or the end: q, Q, or stdin's. */
static void wait_for_key(void)
{
	uint64_t end_ms = clock_mono_ms() + CTL_TOP_MS, now_ms;
	char key;
	while (!has_ended && (now_ms = clock_mono_ms()) < end_ms) {
		struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
		if (poll(&p, 1, (int)(end_ms - now_ms)) <= 0)
			continue;
		ssize_t n = read(STDIN_FILENO, &key, 1);
		if (n == 0 || (n > 0 && (key == 'q' || key == 'Q')))
			has_ended = 1;
	}
}

/* On the terminal's other screen, so that what was there before is there again. */
static int show_on(struct ctl *c, struct look *k)
{
	int rc = 0;
	fputs("\033[?1049h\033[?25l", stdout);
	while (!has_ended && rc == 0) {
		fputs("\033[H\033[2J", stdout);
		rc = show(c, k);
		fflush(stdout);
		if (rc == 0)
			wait_for_key();
	}
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	return rc;
}

int command_top(struct ctl *c, const struct args *args)
{
	static struct look look;
	struct termios before, raw;
	const struct sigaction action = {.sa_handler = on_signal}; /* poll(2) is to end */
	(void)args;
	if (c->json)
		return api_finish(c, api_begin("GET", "api/sandboxes"), NULL);
	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
		return show(c, &look);
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	int rc = show_on(c, &look);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	return rc;
}
