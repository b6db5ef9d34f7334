/* SPDX-License-Identifier: MIT */
#include "netlog.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/jsonw.h"
#include "netlog_scan.h"

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
};

/* ---- What lies there ---- */

static bool is_newer(int fd, int other_fd)
{
	struct stat a, b;
	if (fstat(fd, &a) < 0 || fstat(other_fd, &b) < 0)
		return true;
	return a.st_mtim.tv_sec != b.st_mtim.tv_sec ? a.st_mtim.tv_sec > b.st_mtim.tv_sec
						    : a.st_mtim.tv_nsec >= b.st_mtim.tv_nsec;
}

static void init_files(struct netlog *l, struct netlog_files *f, int fd, int other_fd)
{
	struct netlog_found one, other;
	bool newer = is_newer(fd, other_fd); /* before a torn line goes */
	netlog_scan(fd, &one);
	netlog_scan(other_fd, &other);
	if (one.last_number != other.last_number)
		newer = one.last_number > other.last_number;
	else if (one.size == 0 || other.size == 0)
		newer = one.size > 0;
	const struct netlog_found *now = newer ? &one : &other, *old = newer ? &other : &one;
	*f = (struct netlog_files){
		.fds = {newer ? fd : other_fd, newer ? other_fd : fd},
		.size = now->size,
		.told = {now->told, old->told},
		.turn = 1,
		.lost = now->lost > old->lost ? now->lost : old->lost,
		.lost_at = now->lost_at,
		.lost_number = now->lost_number,
		.budget = EGRESS_LOG_BURST_BYTES,
		.budget_ms = clock_mono_ms(),
	};
	if (now->last_number > l->number)
		l->number = now->last_number;
}

void netlog_init(struct netlog *l)
{
	l->number = 0;
	for (int i = 0; i < EGRESS_LOGS; i++)
		init_files(l, &l->files[i], EGRESS_LOG_FD + 2 * i, EGRESS_LOG_FD + 2 * i + 1);
}

/* ---- Lines ---- */

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

static void add_time(struct line *line, const char *key, uint64_t wall_ms)
{
	char text[CLOCK_TEXT_BYTES];
	add_string(line, key, clock_text(wall_ms, text));
}

static void add_name(struct line *line, const char *key, const char *name)
{
	jsonw_key(&line->w, key);
	if (name)
		jsonw_text(&line->w, name, strnlen(name, line->text_max));
	else
		jsonw_null(&line->w);
}

static void begin_line(struct line *line)
{
	line->text = (struct buf){.data = line->memory, .cap = sizeof(line->memory)};
	jsonw_init(&line->w, &line->text);
	jsonw_object_begin(&line->w);
}

static void begin_numbered(struct line *line, uint64_t number, uint64_t wall_ms)
{
	begin_line(line);
	add_number(line, "number", number);
	add_time(line, "time", wall_ms);
}

/* End it, with spaces before the newline so that it has len bytes, if it has less. */
static void end_line(struct line *line, size_t len)
{
	jsonw_object_end(&line->w);
	while (!line->text.full && line->text.len + 1 < len)
		buf_add(&line->text, " ", 1);
	buf_add(&line->text, "\n", 1);
}

static void add_connection(struct line *line, const struct netlog_connection *c)
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
}

/* What makes two lines the same. */
static void add_told(struct line *line, const struct told *t)
{
	add_string(line, "event", t->event);
	if (t->answer)
		add_name(line, "name", t->c->name);
	else
		add_connection(line, t->c);
	add_string(line, "type", t->type);
	add_string(line, "answer", t->answer);
	add_string(line, "end", t->end);
	add_string(line, "reason", t->reason);
}

/* And what they add up. */
static void add_sums(struct line *line, const struct told *t, const struct netlog_repeat *r)
{
	if (t->end) {
		add_number(line, "sent", r->sent);
		add_number(line, "received", r->received);
		add_number(line, "duration_ms", r->duration_ms);
	}
	if (r->count > 0) {
		add_number(line, "repeated", r->count);
		add_time(line, "last", clock_wall_ms());
	}
}

static void write_line(struct line *line, const struct told *t, const struct netlog_repeat *r,
		       size_t len)
{
	begin_numbered(line, r->number, r->wall_ms);
	add_told(line, t);
	add_sums(line, t, r);
	end_line(line, len);
}

/* ---- Files ---- */

/* Whether the bytes lie there as a whole; if not, nothing of them is behind what was there. */
static bool put(struct netlog_files *f, const struct buf *text, uint64_t at)
{
	ssize_t n = pwrite(f->fds[0], text->data, text->len, (off_t)at);
	if (n == (ssize_t)text->len)
		return true;
	if (n > 0 && at == f->size && ftruncate(f->fds[0], (off_t)at) < 0)
		f->size += (uint64_t)n;
	return false;
}

/* Write how much is missing in place of what was said before, or at the file's end. */
static void say_lost(struct netlog *l, int kind)
{
	static const char *const names[EGRESS_LOGS] = {
		[EGRESS_LOG_REFUSALS] = "refusals",
		[EGRESS_LOG_CONNECTIONS] = "connections",
		[EGRESS_LOG_LOOKUPS] = "lookups",
	};
	struct netlog_files *f = &l->files[kind];
	struct line line;
	bool is_new = f->lost_at == NETLOG_NOWHERE;
	if (is_new && f->size + EGRESS_LOST_BYTES > EGRESS_LOG_BYTES)
		return; /* the next file begins with it */
	if (is_new)
		f->lost_number = ++l->number;
	begin_numbered(&line, f->lost_number, clock_wall_ms());
	add_string(&line, "event", "lost");
	add_string(&line, "of", names[kind]);
	add_number(&line, "count", f->lost);
	end_line(&line, EGRESS_LOST_BYTES);
	if (put(f, &line.text, is_new ? f->size : f->lost_at) && is_new) {
		f->lost_at = f->size;
		f->size += line.text.len;
	}
}

static void turn(struct netlog *l, int kind)
{
	struct netlog_files *f = &l->files[kind];
	int older = f->fds[1];
	f->lost += f->told[1];
	f->fds[1] = f->fds[0];
	f->told[1] = f->told[0];
	f->fds[0] = older;
	f->told[0] = f->size = 0;
	f->lost_at = NETLOG_NOWHERE;
	f->turn++;
	if (ftruncate(older, 0) == 0 && f->lost > 0)
		say_lost(l, kind);
}

static void lose(struct netlog *l, int kind)
{
	l->files[kind].lost++;
	say_lost(l, kind);
}

/* ---- What is written ---- */

static void refill(struct netlog_files *f, uint64_t now)
{
	uint64_t more = (now - f->budget_ms) * EGRESS_LOG_RATE_BYTES / 1000;
	f->budget_ms += more * 1000 / EGRESS_LOG_RATE_BYTES;
	f->budget = more < EGRESS_LOG_BURST_BYTES - f->budget ? f->budget + more
							      : EGRESS_LOG_BURST_BYTES;
}

/* For how long the same is one line: what refused programs do is try again, at once; and under a
 * flood everything counts. */
static uint64_t fold_ms(const struct netlog_files *f, int kind)
{
	if (f->budget < EGRESS_LOG_BURST_BYTES / 2)
		return EGRESS_REPEAT_FLOOD_MS;
	return kind == EGRESS_LOG_REFUSALS ? EGRESS_REPEAT_MS : 0;
}

/* The place for lines like this one; what is the same is compared as a whole. */
static struct netlog_repeat *find_place(struct netlog *l, const struct buf *text)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	for (size_t i = 0; i < text->len; i++)
		hash = (hash ^ (uint8_t)text->data[i]) * UINT64_C(1099511628211);
	return &l->repeats[hash % EGRESS_REPEATS];
}

static bool is_same(const struct netlog_repeat *r, const struct buf *text)
{
	return r->text_len == text->len && memcmp(r->text, text->data, text->len) == 0;
}

static void add_up(struct netlog_repeat *r, const struct told *t)
{
	r->sent += t->c->sent;
	r->received += t->c->received;
	r->duration_ms += t->c->duration_ms;
}

/* Write the line again where it is, with one more in it. False: it is not there any more, or has no
 * room for that. */
static bool write_again(struct netlog_files *f, struct netlog_repeat *r, struct line *line,
			const struct told *t)
{
	struct netlog_repeat next = *r;
	if (r->files != f || r->turn != f->turn)
		return false;
	add_up(&next, t);
	next.count++;
	write_line(line, t, &next, r->len);
	if (line->text.full || line->text.len != r->len || !put(f, &line->text, r->at))
		return false;
	*r = next;
	f->told[0]++;
	return true;
}

/* A new line, where there is room for it. room: spaces that it gets. */
static void write_first(struct netlog *l, int kind, struct line *line, const struct told *t,
			struct netlog_repeat *r, size_t room)
{
	struct netlog_files *f = &l->files[kind];
	r->number = l->number + 1;
	write_line(line, t, r, 0);
	write_line(line, t, r, line->text.len + room);
	if (f->size + line->text.len <= EGRESS_LOG_BYTES)
		return;
	turn(l, kind); /* which may take that number */
	r->number = l->number + 1;
	write_line(line, t, r, line->text.len);
}

/* A new line. place: where it is remembered, or NULL. */
static void write_new(struct netlog *l, int kind, struct line *line, const struct told *t,
		      struct netlog_repeat *place)
{
	struct netlog_files *f = &l->files[kind];
	struct netlog_repeat own, *r = place ? place : &own;
	r->files = NULL;
	r->wall_ms = clock_wall_ms();
	r->since_ms = clock_mono_ms();
	r->sent = r->received = r->duration_ms = r->count = 0;
	add_up(r, t);
	if (f->budget < EGRESS_LINE_BYTES) {
		lose(l, kind);
		return;
	}
	write_first(l, kind, line, t, r, place ? EGRESS_GROWTH_BYTES : 0);
	if (!put(f, &line->text, f->size)) {
		lose(l, kind);
		return;
	}
	r->files = f;
	r->turn = f->turn;
	r->at = f->size;
	r->len = line->text.len;
	f->size += r->len;
	f->budget -= r->len;
	f->told[0]++;
	l->number++;
}

/* Cut the names so that the line fits with all that may be added to it. */
static void fit(struct line *line, const struct told *t)
{
	for (line->text_max = ALLOW_NAME_BYTES; line->text_max > 0; line->text_max /= 2) {
		begin_line(line);
		add_told(line, t);
		if (!line->text.full && line->text.len <= EGRESS_TOLD_BYTES)
			return;
	}
}

static void tell(struct netlog *l, int kind, const struct told *t)
{
	struct netlog_files *f = &l->files[kind];
	struct netlog_repeat *r = NULL;
	uint64_t now = clock_mono_ms();
	struct line line;
	refill(f, now);
	fit(&line, t);
	uint64_t fold = fold_ms(f, kind);
	if (fold > 0) {
		r = find_place(l, &line.text);
		if (!is_same(r, &line.text)) {
			memcpy(r->text, line.text.data, line.text.len);
			r->text_len = line.text.len;
			r->files = NULL;
		} else if (now - r->since_ms < fold && write_again(f, r, &line, t)) {
			return;
		}
	}
	write_new(l, kind, &line, t, r);
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
	bool denied = strcmp(answer, "denied") == 0;
	if (denied)
		traffic_add(l->traffic, EGRESS_COUNT_REFUSALS, 1);
	tell(l, denied ? EGRESS_LOG_REFUSALS : EGRESS_LOG_LOOKUPS, &t);
}

void netlog_connect(struct netlog *l, const struct netlog_connection *c, const char *end)
{
	struct told t = {.event = "connect", .c = c, .end = end};
	tell(l, EGRESS_LOG_CONNECTIONS, &t);
}

void netlog_refuse(struct netlog *l, const struct netlog_connection *c, const char *reason)
{
	struct told t = {.event = "refused", .c = c, .reason = reason};
	traffic_add(l->traffic, EGRESS_COUNT_REFUSALS, 1);
	tell(l, EGRESS_LOG_REFUSALS, &t);
}
