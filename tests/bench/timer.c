/* SPDX-License-Identifier: MIT */
/* Times HTTP requests and programs on the machine that it runs on, interleaved.
 *
 *   timer ROUNDS <plan >samples
 *
 * The plan has one step a line; an empty line begins the next group:
 *
 *   series COUNT NAME PORT METHOD PATH [BODY]   requests one after the other, a sample of each
 *   burst COUNT NAME PORT METHOD PATH [BODY]    requests at once, a sample of the whole
 *   spawn NAME PROGRAM [ARGUMENT...]            a program from vfork until it is reaped
 *
 * Each round does every group once, in an order that is shuffled anew, so that all meet the same
 * noise and none has always the same one before it. Within a group the order holds. "@" in a path,
 * body or argument is the round, "#" the number of the request in its step. A request takes from
 * socket(2) to the end of file; a reply other than 2xx, and a program that fails, end the run.
 *
 * A sample is a line "NAME NANOSECONDS". */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/fd.h"

#define STEPS_MAX 32
#define ARGS_MAX 32
#define BURST_MAX 1000
#define TEXT_BYTES 4096 /* a request; an argument; a line of the plan */
#define REPLY_BYTES 512 /* kept of a reply, to show when it is none of 2xx */
#define STALL_MS 60000  /* nothing happens for so long: something hangs */

enum step_kind { STEP_SERIES, STEP_BURST, STEP_SPAWN };

struct step {
	enum step_kind kind;
	unsigned group;
	unsigned count;
	char *name; /* all texts are parts of line */
	uint16_t port;
	char *method, *path, *body;
	char *args[ARGS_MAX + 1];
	char line[TEXT_BYTES];
};

struct plan {
	size_t steps, groups;
	struct step step[STEPS_MAX];
};

struct exchange {
	int fd;
	struct buf reply;
	char reply_memory[REPLY_BYTES + 1];
};

static void die(const char *name, const char *what, const char *detail)
{
	fflush(stdout);
	fprintf(stderr, "timer: %s: %s: %s\n", name, what, detail);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Append text with its marks replaced. */
static void expand(struct buf *b, const char *text, unsigned round, unsigned number)
{
	for (; *text; text++) {
		if (*text == '@')
			buf_printf(b, "%u", round);
		else if (*text == '#')
			buf_printf(b, "%u", number);
		else
			buf_add(b, text, 1);
	}
}

static void make_request(struct buf *b, const struct step *s, unsigned round, unsigned number)
{
	char memory[TEXT_BYTES];
	struct buf body = {.data = memory, .cap = sizeof(memory)};
	expand(&body, s->body ? s->body : "", round, number);
	buf_printf(b, "%s ", s->method);
	expand(b, s->path, round, number);
	buf_add_text(b, " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
	if (body.len)
		buf_printf(b, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			   body.len);
	buf_add_text(b, "\r\n");
	buf_add(b, body.data, body.len);
	if (b->full || body.full)
		die(s->name, "make the request", "it is too long");
}

/* Begin to connect; flags as for socket(2). */
static void exchange_connect(struct exchange *x, const struct step *s, int flags)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(s->port),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	x->reply = (struct buf){.data = x->reply_memory, .cap = REPLY_BYTES};
	x->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (x->fd < 0 ||
	    (connect(x->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS))
		die(s->name, "connect", strerror(errno));
}

static void exchange_send(struct exchange *x, const struct step *s, const struct buf *request)
{
	/* Far less than a socket's buffer: it goes at once or fails. */
	if (send(x->fd, request->data, request->len, MSG_NOSIGNAL) != (ssize_t)request->len)
		die(s->name, "send", strerror(errno));
}

/* Read once. Whether the reply has ended. */
static bool exchange_read(struct exchange *x, const struct step *s)
{
	char bytes[65536];
	ssize_t n = read(x->fd, bytes, sizeof(bytes));
	if (n < 0)
		die(s->name, "read", strerror(errno));
	size_t room = REPLY_BYTES - x->reply.len;
	buf_add(&x->reply, bytes, (size_t)n < room ? (size_t)n : room);
	return n == 0;
}

static void exchange_finish(struct exchange *x, const struct step *s)
{
	fd_close(&x->fd);
	x->reply_memory[x->reply.len] = '\0';
	if (strncmp(x->reply_memory, "HTTP/1.1 2", 10) != 0 &&
	    strncmp(x->reply_memory, "HTTP/1.0 2", 10) != 0)
		die(s->name, "the reply is", x->reply_memory);
}

static void run_series(const struct step *s, unsigned round)
{
	struct exchange x;
	for (unsigned i = 0; i < s->count; i++) {
		char memory[TEXT_BYTES];
		struct buf request = {.data = memory, .cap = sizeof(memory)};
		make_request(&request, s, round, i);
		uint64_t began = now_ns();
		exchange_connect(&x, s, 0);
		exchange_send(&x, s, &request);
		while (!exchange_read(&x, s))
			;
		uint64_t took = now_ns() - began;
		exchange_finish(&x, s);
		printf("%s %" PRIu64 "\n", s->name, took);
	}
}

/* What poll(2) has to say about request i of the burst. Whether it has ended. */
static bool advance(struct exchange *x, struct pollfd *p, const struct step *s, unsigned round,
		    unsigned i)
{
	if (p->events == POLLOUT) {
		char memory[TEXT_BYTES];
		struct buf request = {.data = memory, .cap = sizeof(memory)};
		make_request(&request, s, round, i);
		exchange_send(x, s, &request);
		p->events = POLLIN;
		return false;
	}
	if (!exchange_read(x, s))
		return false;
	exchange_finish(x, s);
	p->fd = -1; /* poll(2) passes over it */
	return true;
}

static void run_burst(const struct step *s, unsigned round)
{
	static struct exchange x[BURST_MAX];
	static struct pollfd polls[BURST_MAX];
	unsigned left = s->count;
	uint64_t began = now_ns();
	for (unsigned i = 0; i < s->count; i++) {
		exchange_connect(&x[i], s, SOCK_NONBLOCK);
		polls[i] = (struct pollfd){.fd = x[i].fd, .events = POLLOUT};
	}
	while (left) {
		if (poll(polls, s->count, STALL_MS) <= 0)
			die(s->name, "poll", "nothing happens");
		for (unsigned i = 0; i < s->count; i++)
			if (polls[i].revents && advance(&x[i], &polls[i], s, round, i))
				left--;
	}
	printf("%s %" PRIu64 "\n", s->name, now_ns() - began);
}

static void run_spawn(const struct step *s, unsigned round)
{
	static char memory[ARGS_MAX][TEXT_BYTES];
	char *args[ARGS_MAX + 1] = {NULL};
	int status;
	for (size_t i = 0; s->args[i]; i++) {
		struct buf b = {.data = memory[i], .cap = TEXT_BYTES - 1};
		expand(&b, s->args[i], round, 0);
		memory[i][b.len] = '\0';
		args[i] = memory[i];
	}
	uint64_t began = now_ns();
	pid_t pid = vfork();
	if (pid == 0) {
		execv(args[0], args);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die(s->name, "run", strerror(errno));
	uint64_t took = now_ns() - began;
	if (status != 0)
		die(s->name, args[0], "it failed");
	printf("%s %" PRIu64 "\n", s->name, took);
}

static void run_group(const struct plan *p, unsigned group, unsigned round)
{
	for (size_t i = 0; i < p->steps; i++) {
		const struct step *s = &p->step[i];
		if (s->group != group)
			continue;
		if (s->kind == STEP_SERIES)
			run_series(s, round);
		else if (s->kind == STEP_BURST)
			run_burst(s, round);
		else
			run_spawn(s, round);
	}
}

/* Fisher and Yates; the generator's fixed seed makes runs alike. */
static void shuffle(unsigned *list, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)random() % i;
		unsigned kept = list[i - 1];
		list[i - 1] = list[j];
		list[j] = kept;
	}
}

static void parse_request(struct step *s, char **rest)
{
	const char *count = strtok_r(NULL, " ", rest);
	s->name = strtok_r(NULL, " ", rest);
	const char *port = strtok_r(NULL, " ", rest);
	s->method = strtok_r(NULL, " ", rest);
	s->path = strtok_r(NULL, " ", rest);
	s->body = strtok_r(NULL, "", rest);
	if (!s->path)
		die("plan", "a request has too few words", s->line);
	s->count = (unsigned)strtoul(count, NULL, 10);
	s->port = (uint16_t)strtoul(port, NULL, 10);
	if (s->kind == STEP_BURST && s->count > BURST_MAX)
		die("plan", "too many at once", count);
}

static void parse_spawn(struct step *s, char **rest)
{
	s->name = strtok_r(NULL, " ", rest);
	for (size_t i = 0; i < ARGS_MAX; i++)
		if (!(s->args[i] = strtok_r(NULL, " ", rest)))
			break;
	if (!s->args[0])
		die("plan", "a spawn has no program", s->name ? s->name : "");
}

static void parse_step(struct step *s)
{
	char *rest;
	const char *kind = strtok_r(s->line, " ", &rest);
	if (strcmp(kind, "series") == 0 || strcmp(kind, "burst") == 0) {
		s->kind = kind[0] == 's' ? STEP_SERIES : STEP_BURST;
		parse_request(s, &rest);
	} else if (strcmp(kind, "spawn") == 0) {
		s->kind = STEP_SPAWN;
		parse_spawn(s, &rest);
	} else {
		die("plan", "no such step", kind);
	}
}

static void read_plan(struct plan *p)
{
	bool begun = false; /* the group has a step */
	while (p->steps < STEPS_MAX && fgets(p->step[p->steps].line, TEXT_BYTES, stdin)) {
		struct step *s = &p->step[p->steps];
		s->line[strcspn(s->line, "\n")] = '\0';
		if (!s->line[0]) {
			p->groups += begun;
			begun = false;
			continue;
		}
		s->group = (unsigned)p->groups;
		parse_step(s);
		p->steps++;
		begun = true;
	}
	p->groups += begun;
	if (p->steps == STEPS_MAX)
		die("plan", "too long", "STEPS_MAX");
}

int main(int argc, char **argv)
{
	static struct plan plan;
	unsigned order[STEPS_MAX];
	unsigned rounds = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	if (!rounds)
		die("usage", argv[0], "ROUNDS <plan >samples");
	srandom(1);
	read_plan(&plan);
	for (unsigned i = 0; i < plan.groups; i++)
		order[i] = i;
	for (unsigned round = 0; round < rounds; round++) {
		shuffle(order, plan.groups);
		for (size_t i = 0; i < plan.groups; i++)
			run_group(&plan, order[i], round);
	}
	return fflush(stdout) != 0;
}
