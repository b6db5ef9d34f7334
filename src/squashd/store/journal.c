/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "journal_lines.h"
#include "leftover.h"
#include "lib/addr.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/jsonw.h"
#include "totals.h"

/* The kept part of a command, a label, and names and numbers. */
#define LINE_BYTES (JSONW_TEXT_BYTES(JOURNAL_CMD_BYTES + 2 * LIMIT_LABEL_BYTES) + 2048)

struct journal {
	const char *now, *old; /* file names */
	const char *next;      /* the old one while it is written; NULL: see rotate() */
};

static const struct journal log_files = {"log.ndjson", "log.1.ndjson", NULL};

/* What the history is kept in. Each class has files of its own, so that what takes less right can't
 * push out what takes more, nor the many commands the few changes. */
enum history {
	HISTORY_APPLIANCE, /* takes the right admin; versions before this one wrote all into it */
	HISTORY_SANDBOXES, /* sandboxes come, change and go */
	HISTORY_COMMANDS,
	HISTORIES,
};

static const struct journal histories[HISTORIES] = {
	[HISTORY_APPLIANCE] = {"history.ndjson", "history.1.ndjson", "history.next.ndjson"},
	[HISTORY_SANDBOXES] = {"history.sandboxes.ndjson", "history.sandboxes.1.ndjson",
			       "history.sandboxes.next.ndjson"},
	[HISTORY_COMMANDS] = {"history.commands.ndjson", "history.commands.1.ndjson",
			      "history.commands.next.ndjson"},
};

_Static_assert(JOURNAL_HISTORY_BYTES == HISTORIES * JOURNAL_READ_BYTES, "a kind more");

static int read_file(int dir_fd, const char *name, struct buf *out, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s", name);
	ssize_t n = fd_read_all(fd, out->data + out->len, out->cap - out->len);
	if (n < 0)
		return err_set(e, (int)-n, "read %s", name);
	out->len += (size_t)n;
	return 0;
}

static int read_both(int dir_fd, const struct journal *j, struct buf *out, struct err *e)
{
	int rc = read_file(dir_fd, j->old, out, e);
	return rc < 0 ? rc : read_file(dir_fd, j->now, out, e);
}

/* The old file becomes what is kept of both, by everybody's share. If we die before the new one
 * goes, its lines are there twice, with the same numbers. */
static int merge(int dir_fd, const struct journal *j, struct err *e)
{
	static char bytes[JOURNAL_READ_BYTES], text[JOURNAL_BYTES];
	static struct numbered_line all[NUMBERED_LINES(JOURNAL_READ_BYTES)];
	struct buf both = {.data = bytes, .cap = sizeof(bytes)};
	struct buf kept = {.data = text, .cap = sizeof(text)};
	struct numbered_lines lines = {.all = all, .max = sizeof(all) / sizeof(all[0])};
	int rc = read_both(dir_fd, j, &both, e);
	if (rc < 0)
		return rc;
	numbered_lines_add(&lines, both.data, both.len);
	numbered_lines_sort(&lines);
	journal_lines_keep(&lines, kept.cap);
	for (size_t i = 0; i < lines.count; i++)
		buf_add(&kept, lines.all[i].text, lines.all[i].len);
	rc = fd_replace_file(dir_fd, j->old, j->next, 0600, kept.data, kept.len, e);
	return rc < 0 ? rc : fd_remove_file(dir_fd, j->now, e);
}

/* The file has grown to its size: make way for a new one. One that isn't shared becomes the old one
 * as it is; so do others where there is no room for more. The caller has it locked. */
static int rotate(int dir_fd, const struct journal *j, struct err *e)
{
	if (j->next && merge(dir_fd, j, e) == 0)
		return 0;
	if (renameat(dir_fd, j->now, dir_fd, j->old) < 0)
		return err_set(e, errno, "rename %s", j->now);
	return 0;
}

/* Whoever appends holds the lock of the file it appends to, and looks whether that is still the one
 * with the name: another may have made it the old one meanwhile. */
static int open_locked(int dir_fd, const struct journal *j, struct err *e)
{
	for (;;) {
		struct stat mine, named;
		AUTO_FD fd = openat(dir_fd, j->now,
				    O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &mine) < 0)
			return err_set(e, errno, "open %s", j->now);
		if (fstatat(dir_fd, j->now, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
		    mine.st_ino != named.st_ino)
			continue;
		if (mine.st_size < JOURNAL_BYTES)
			return fd_steal(&fd);
		int rc = rotate(dir_fd, j, e);
		if (rc < 0)
			return rc;
	}
}

/* Whether the last line has no end: a power cut, or a full disk, has torn it. */
static bool is_torn(int fd)
{
	char last;
	off_t size = lseek(fd, 0, SEEK_END);
	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int append(int dir_fd, const struct journal *j, const struct buf *line, struct err *e)
{
	if (line->full)
		return err_set(e, EFBIG, "write %s", j->now);
	AUTO_FD fd = open_locked(dir_fd, j, e);
	if (fd < 0)
		return fd;
	int rc = is_torn(fd) ? fd_write_all(fd, "\n", 1) : 0;
	if (rc == 0)
		rc = fd_write_all(fd, line->data, line->len);
	return rc < 0 ? err_set(e, -rc, "write %s", j->now) : 0;
}

static void write_time(struct jsonw *w, const char *key, uint64_t wall_ms)
{
	char text[CLOCK_TEXT_BYTES];
	jsonw_key(w, key);
	jsonw_string(w, clock_text(wall_ms, text));
}

static void write_flag(struct jsonw *w, const char *key, bool flag)
{
	jsonw_key(w, key);
	jsonw_bool(w, flag);
}

static void write_string(struct jsonw *w, const char *key, const char *text)
{
	jsonw_key(w, key);
	if (text)
		jsonw_string(w, text);
	else
		jsonw_null(w);
}

/* Who is behind it. Of what squashd does by itself, nobody is. */
static void write_caller(struct jsonw *w, const struct caller *c)
{
	char text[ADDR_TEXT_BYTES];
	bool known = c && c->client.family != 0;
	write_string(w, "client", known ? addr_text(&c->client, text) : NULL);
	write_string(w, "token", c && c->token[0] != '\0' ? c->token : NULL);
}

/* Of what the sandbox did by itself: on whose account it is. Before write_caller(). */
static void write_maker(const struct server *s, struct jsonw *w, const struct sandbox *sb)
{
	char text[LIMIT_ID_BYTES + 1];
	if (caller_name(s->caller, text)[0] == '\0' && sb->maker[0] != '\0')
		write_string(w, "of", sb->maker);
}

static void write_result(struct jsonw *w, const struct exec_result *r)
{
	jsonw_key(w, "exit_code");
	jsonw_int(w, r->exit_code);
	write_time(w, "started", r->started_ms);
	write_time(w, "ended", r->ended_ms);
	jsonw_key(w, "duration_ms");
	jsonw_uint(w, r->duration_ms);
	write_flag(w, "timed_out", r->timed_out);
	write_flag(w, "oom_killed", r->oom_killed);
	jsonw_key(w, "signal");
	if (r->signal)
		jsonw_int(w, r->signal);
	else
		jsonw_null(w);
	write_flag(w, "background", r->background);
	jsonw_key(w, "truncated");
	jsonw_object_begin(w);
	write_flag(w, "stdout", r->out.omitted > 0);
	write_flag(w, "stderr", r->err.omitted > 0);
	jsonw_object_end(w);
}

/* The next number of the history. */
static uint64_t next_number(const struct server *s)
{
	return atomic_fetch_add(&s->totals->events, 1) + 1;
}

/* The beginning of a line of the history: what lib/numbered_lines.h finds. */
static void begin_event(const struct server *s, struct jsonw *w, struct buf *line,
			const char *event)
{
	jsonw_init(w, line);
	jsonw_object_begin(w);
	jsonw_key(w, "number");
	jsonw_uint(w, next_number(s));
	write_string(w, "event", event);
}

/* The same in memory of its own, which has one line at a time. */
static void begin_only_event(const struct server *s, struct jsonw *w, const char *event)
{
	static char memory[LINE_BYTES];
	static struct buf line;
	line = (struct buf){.data = memory, .cap = sizeof(memory)};
	begin_event(s, w, &line, event);
}

/* One line of the log, or, with an id, of the history. */
static void write_exec(const struct server *s, struct buf *line, const char *id, uint64_t seq,
		       const char *cmd, size_t len, const struct exec_result *result)
{
	struct jsonw w;
	bool cut = len > JOURNAL_CMD_BYTES;
	line->len = 0;
	if (id) {
		begin_event(s, &w, line, "exec");
		write_string(&w, "id", id);
	} else {
		jsonw_init(&w, line);
		jsonw_object_begin(&w);
	}
	jsonw_key(&w, "seq");
	jsonw_uint(&w, seq);
	jsonw_key(&w, "cmd");
	jsonw_text(&w, cmd, cut ? JOURNAL_CMD_BYTES : len);
	write_flag(&w, "cmd_truncated", cut);
	write_result(&w, result);
	write_caller(&w, s->caller);
	jsonw_object_end(&w);
	buf_add_text(line, "\n");
}

void journal_exec(const struct server *s, int dir_fd, const char *id, uint64_t seq, const char *cmd,
		  size_t cmd_len, const struct exec_result *result)
{
	static char memory[LINE_BYTES];
	struct buf line = {.data = memory, .cap = sizeof(memory)};
	struct err e;
	write_exec(s, &line, id, seq, cmd, cmd_len, result);
	int rc = append(s->data_fd, &histories[HISTORY_COMMANDS], &line, &e);
	if (rc == 0 && dir_fd >= 0) {
		write_exec(s, &line, NULL, seq, cmd, cmd_len, result);
		rc = append(dir_fd, &log_files, &line, &e);
	}
	if (rc < 0)
		leftover_say(id, &e);
}

/* id is that of the sandbox that the event is about, or NULL. */
static void end_event(const struct server *s, enum history class, struct jsonw *w, const char *id)
{
	struct err e;
	write_caller(w, s->caller);
	jsonw_object_end(w);
	buf_add_text(w->out, "\n");
	if (append(s->data_fd, &histories[class], w->out, &e) < 0)
		leftover_say(id, &e);
}

void journal_end(const struct server *s, const struct sandbox *sb, enum journal_end why,
		 uint64_t exec_count)
{
	static const char *const reasons[] = {
		[JOURNAL_OPERATOR] = "operator",
		[JOURNAL_LIFETIME] = "lifetime",
		[JOURNAL_INIT_DIED] = "init died",
		[JOURNAL_SHUTDOWN] = "shutdown",
	};
	struct jsonw w;
	begin_only_event(s, &w, "end");
	write_string(&w, "id", sb->id);
	write_string(&w, "reason", reasons[why]);
	write_string(&w, "owner", sb->owner);
	write_string(&w, "task", sb->task);
	write_time(&w, "created", sb->created_ms);
	write_time(&w, "ended", clock_wall_ms());
	jsonw_key(&w, "exec_count");
	jsonw_uint(&w, exec_count);
	write_maker(s, &w, sb);
	end_event(s, HISTORY_SANDBOXES, &w, sb->id);
}

static void end_event_now(const struct server *s, enum history class, struct jsonw *w,
			  const char *id)
{
	write_time(w, "at", clock_wall_ms());
	end_event(s, class, w, id);
}

void journal_change(const struct server *s, const char *id, const char *event, const char *key,
		    const char *value)
{
	struct jsonw w;
	begin_only_event(s, &w, event);
	write_string(&w, "id", id);
	write_string(&w, key, value);
	end_event_now(s, HISTORY_SANDBOXES, &w, id);
}

void journal_restart(const struct server *s, const struct sandbox *sb, const char *why)
{
	struct jsonw w;
	begin_only_event(s, &w, "restart");
	write_string(&w, "id", sb->id);
	write_string(&w, "reason", why);
	write_time(&w, "at", clock_wall_ms());
	write_maker(s, &w, sb);
	end_event(s, HISTORY_SANDBOXES, &w, sb->id);
}

void journal_system(const struct server *s, const char *event, const char *name)
{
	struct jsonw w;
	begin_only_event(s, &w, event);
	if (name)
		write_string(&w, "name", name);
	end_event_now(s, HISTORY_APPLIANCE, &w, NULL);
}

void journal_module(const struct server *s, const char *event, const char *id, const char *name,
		    const char *sha256)
{
	struct jsonw w;
	begin_only_event(s, &w, event);
	if (id)
		write_string(&w, "id", id);
	write_string(&w, "module", name);
	if (sha256)
		write_string(&w, "sha256", sha256);
	end_event_now(s, HISTORY_APPLIANCE, &w, id);
}

int journal_read_log(int dir_fd, struct buf *out, struct err *e)
{
	return read_both(dir_fd, &log_files, out, e);
}

/* All lines of the history, sorted. */
static int load_history(const struct server *s, struct numbered_lines *lines, struct err *e)
{
	static char bytes[JOURNAL_HISTORY_BYTES];
	static struct numbered_line all[NUMBERED_LINES(JOURNAL_HISTORY_BYTES)];
	struct buf text = {.data = bytes, .cap = sizeof(bytes)};
	*lines = (struct numbered_lines){.all = all, .max = sizeof(all) / sizeof(all[0])};
	for (const struct journal *j = histories; j < histories + HISTORIES; j++) {
		size_t before = text.len;
		int rc = read_both(s->data_fd, j, &text, e);
		if (rc < 0)
			return rc;
		numbered_lines_add(lines, text.data + before, text.len - before);
	}
	numbered_lines_sort(lines);
	return 0;
}

int journal_read_history(const struct server *s, uint64_t after, uint64_t limit, struct buf *out,
			 struct err *e)
{
	struct numbered_lines lines;
	int rc = load_history(s, &lines, e);
	if (rc == 0)
		journal_lines_page(&lines, after, limit, out);
	return rc;
}

#define END_BYTES ((off_t)(4 * LINE_BYTES)) /* of a file have its last lines */

/* The file's end; how many bytes, 0 if there is no file, or -errno. */
static ssize_t read_end(int dir_fd, const char *name, char bytes[END_BYTES], struct err *e)
{
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s", name);
	off_t size = lseek(fd, 0, SEEK_END);
	off_t from = size > END_BYTES ? size - END_BYTES : 0;
	ssize_t n = size < 0 ? -1 : pread(fd, bytes, END_BYTES, from);
	return n < 0 ? err_set(e, errno, "read %s", name) : n;
}

/* The largest seq of a line in the file's end; 0: it has none. */
static uint64_t last_seq(int dir_fd, const char *name)
{
	static const char begin[] = "\n{\"seq\":";
	static char bytes[END_BYTES + 2];
	uint64_t last = 0;
	bytes[0] = '\n';
	ssize_t n = read_end(dir_fd, name, bytes + 1, NULL);
	bytes[n < 0 ? 1 : n + 1] = '\0';
	for (const char *at = bytes; (at = strstr(at, begin)); at += sizeof(begin) - 1) {
		uint64_t seq = strtoull(at + sizeof(begin) - 1, NULL, 10);
		if (seq > last)
			last = seq;
	}
	return last;
}

uint64_t journal_last_exec(int dir_fd, uint64_t *time_ms)
{
	struct stat st;
	uint64_t old = last_seq(dir_fd, log_files.old), now = last_seq(dir_fd, log_files.now);
	*time_ms = fstatat(dir_fd, log_files.now, &st, AT_SYMLINK_NOFOLLOW) == 0
			   ? (uint64_t)st.st_mtime * 1000
			   : 0;
	return now > old ? now : old;
}

/* The largest number in the file's end. 0: it has none. */
static int find_last(int dir_fd, const char *name, uint64_t *last, struct err *e)
{
	static char bytes[END_BYTES];
	static struct numbered_line all[NUMBERED_LINES(sizeof(bytes))];
	struct numbered_lines lines = {.all = all, .max = sizeof(all) / sizeof(all[0])};
	ssize_t n = read_end(dir_fd, name, bytes, e);
	if (n < 0)
		return (int)n;
	numbered_lines_add(&lines, bytes, (size_t)n);
	for (size_t i = 0; i < lines.count; i++)
		if (all[i].number > *last)
			*last = all[i].number;
	return 0;
}

int journal_begin(const struct server *s, struct err *e)
{
	uint64_t last = atomic_load(&s->totals->events);
	int rc = 0;
	for (const struct journal *j = histories; j < histories + HISTORIES && rc == 0; j++) {
		rc = find_last(s->data_fd, j->old, &last, e);
		if (rc == 0)
			rc = find_last(s->data_fd, j->now, &last, e);
	}
	atomic_store(&s->totals->events, last);
	return rc;
}
