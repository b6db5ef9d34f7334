/* SPDX-License-Identifier: MIT */
#include "netlog.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/jsonw.h"

/* A line being written. Names are cut to text_max bytes: what a sandbox asks for need not be a host
 * name, and two names and all their escapes would be too long for a line. */
struct line {
	char memory[EGRESS_LINE_BYTES];
	struct buf text;
	struct jsonw w;
	size_t text_max;
};

/* What is told, by all kinds of line. */
struct told {
	const char *event;
	const char *type, *answer; /* of a lookup */
	const struct netlog_connection *c;
	const char *end, *reason;
	uint32_t repeated;
};

/* A process that was killed, or a disk that was full, may have left a piece of a line. */
static uint64_t cut_to_lines(int fd, uint64_t size)
{
	char last[EGRESS_LINE_BYTES];
	uint64_t from = size > sizeof(last) ? size - sizeof(last) : 0;
	ssize_t n = pread(fd, last, (size_t)(size - from), (off_t)from);
	const char *end = n > 0 ? memrchr(last, '\n', (size_t)n) : NULL;
	uint64_t whole = end ? from + (uint64_t)(end - last) + 1 : 0;
	if (whole < size && ftruncate(fd, (off_t)whole) < 0)
		return size;
	return whole;
}

static bool is_newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

void netlog_init(struct netlog *l, int fd, int other_fd)
{
	struct stat one, other;
	*l = (struct netlog){.fds = {fd, other_fd}};
	if (fstat(fd, &one) < 0 || fstat(other_fd, &other) < 0)
		return;
	if (other.st_size > 0 && (one.st_size == 0 || is_newer(&other.st_mtim, &one.st_mtim))) {
		l->fds[0] = other_fd;
		l->fds[1] = fd;
		one.st_size = other.st_size;
	}
	l->size = cut_to_lines(l->fds[0], (uint64_t)one.st_size);
}

/* Nobody is told of a line that can't be written: there is nobody to tell. */
static void append(struct netlog *l, const struct buf *text)
{
	if (l->size + text->len > EGRESS_LOG_BYTES) {
		int older = l->fds[1];
		l->fds[1] = l->fds[0];
		l->fds[0] = older;
		l->size = 0;
		if (ftruncate(older, 0) < 0)
			return;
	}
	ssize_t n = pwrite(l->fds[0], text->data, text->len, (off_t)l->size);
	if (n == (ssize_t)text->len)
		l->size += text->len;
	else if (n > 0 && ftruncate(l->fds[0], (off_t)l->size) < 0)
		l->size += (uint64_t)n;
}

static void add_string(struct line *line, const char *key, const char *text)
{
	if (!text)
		return;
	jsonw_key(&line->w, key);
	jsonw_string(&line->w, text);
}

static void add_number(struct line *line, const char *key, uint64_t number)
{
	jsonw_key(&line->w, key);
	jsonw_uint(&line->w, number);
}

static void add_name(struct line *line, const char *key, const char *name)
{
	jsonw_key(&line->w, key);
	if (name)
		jsonw_text(&line->w, name, strnlen(name, line->text_max));
	else
		jsonw_null(&line->w);
}

static void add_connection(struct line *line, const struct netlog_connection *c, bool ended)
{
	char text[ADDR_TEXT_BYTES];
	add_name(line, "name", c->name);
	if (c->asked)
		add_name(line, "asked", c->asked);
	jsonw_key(&line->w, "address");
	if (c->a)
		jsonw_string(&line->w, addr_text(c->a, text));
	else
		jsonw_null(&line->w);
	add_number(line, "port", c->port);
	if (!ended)
		return;
	add_number(line, "sent", c->sent);
	add_number(line, "received", c->received);
	add_number(line, "duration_ms", c->duration_ms);
}

static void write_line(struct line *line, const struct told *t)
{
	char time[CLOCK_TEXT_BYTES];
	line->text = (struct buf){.data = line->memory, .cap = sizeof(line->memory)};
	jsonw_init(&line->w, &line->text);
	jsonw_object_begin(&line->w);
	add_string(line, "time", clock_text(clock_wall_ms(), time));
	add_string(line, "event", t->event);
	if (t->answer)
		add_name(line, "name", t->c->name);
	else
		add_connection(line, t->c, t->end);
	add_string(line, "type", t->type);
	add_string(line, "answer", t->answer);
	add_string(line, "end", t->end);
	add_string(line, "reason", t->reason);
	if (t->repeated > 0)
		add_number(line, "repeated", t->repeated);
	jsonw_object_end(&line->w);
	buf_add_text(&line->text, "\n");
}

static void tell(struct netlog *l, const struct told *t)
{
	struct line line;
	for (line.text_max = ALLOW_NAME_BYTES; line.text_max > 0; line.text_max /= 2) {
		write_line(&line, t);
		if (!line.text.full) {
			append(l, &line.text);
			return;
		}
	}
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(1099511628211); /* FNV-1a */
	return hash;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	return text ? mix(hash, text, strlen(text) + 1) : mix(hash, "", 1);
}

static uint64_t hash_of(const struct told *t)
{
	uint64_t hash = mix_text(UINT64_C(14695981039346656037), t->event);
	hash = mix_text(mix_text(mix_text(hash, t->type), t->reason), t->c->name);
	hash = mix(mix_text(hash, t->c->asked), &t->c->port, sizeof(t->c->port));
	if (t->c->a)
		hash = mix(hash, t->c->a->bytes, sizeof(t->c->a->bytes));
	return hash | 1;
}

/* What refused programs do is try again, at once. */
static void tell_refusal(struct netlog *l, struct told *t)
{
	uint64_t what = hash_of(t), now = clock_mono_ms();
	traffic_add(l->traffic, EGRESS_COUNT_REFUSALS, 1);
	struct netlog_repeat *r = &l->repeats[what / 2 % EGRESS_REPEATS];
	bool same = r->what == what;
	if (same && now - r->since_ms < EGRESS_REPEAT_MS) {
		r->count++;
		return;
	}
	t->repeated = same ? r->count : 0;
	*r = (struct netlog_repeat){.what = what, .since_ms = now};
	tell(l, t);
}

static const char *type_text(uint16_t type, char text[12])
{
	static const struct {
		uint16_t type;
		const char *text;
	} known[] = {{1, "A"},   {2, "NS"},    {5, "CNAME"},  {6, "SOA"},   {12, "PTR"},
		     {15, "MX"}, {16, "TXT"},  {28, "AAAA"},  {33, "SRV"},  {35, "NAPTR"},
		     {43, "DS"}, {64, "SVCB"}, {65, "HTTPS"}, {255, "ANY"}, {257, "CAA"}};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].type == type)
			return known[i].text;
	snprintf(text, 12, "TYPE%u", type); /* RFC 3597 5 */
	return text;
}

void netlog_lookup(struct netlog *l, const char *name, uint16_t type, const char *answer,
		   const char *reason)
{
	char text[12];
	struct netlog_connection c = {.name = name};
	struct told t = {.event = "lookup",
			 .type = type_text(type, text),
			 .answer = answer,
			 .c = &c,
			 .reason = reason};
	if (strcmp(answer, "denied") == 0)
		tell_refusal(l, &t);
	else
		tell(l, &t);
}

void netlog_connect(struct netlog *l, const struct netlog_connection *c, const char *end)
{
	struct told t = {.event = "connect", .c = c, .end = end};
	tell(l, &t);
}

void netlog_refuse(struct netlog *l, const struct netlog_connection *c, const char *reason)
{
	struct told t = {.event = "refused", .c = c, .reason = reason};
	tell_refusal(l, &t);
}
