/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "leftover.h"
#include "lib/addr.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/jsonw.h"

/* The kept part of a command, a label, and names and numbers. */
#define LINE_BYTES (JSONW_TEXT_BYTES(JOURNAL_CMD_BYTES + 2 * LIMIT_LABEL_BYTES) + 2048)

struct journal {
	const char *now, *old; /* file names */
};

static const struct journal log_files = {"log.ndjson", "log.1.ndjson"};
static const struct journal history_files = {"history.ndjson", "history.1.ndjson"};

/* Whoever appends holds the lock of the file it appends to, and looks whether that is still the one
 * with the name: another may have made it the old one meanwhile. */
static int open_locked(int dir_fd, const struct journal *j, struct err *e)
{
	for (;;) {
		struct stat mine, named;
		AUTO_FD fd = openat(dir_fd, j->now,
				    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &mine) < 0)
			return err_set(e, errno, "open %s", j->now);
		if (fstatat(dir_fd, j->now, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
		    mine.st_ino != named.st_ino)
			continue;
		if (mine.st_size < JOURNAL_BYTES)
			return fd_steal(&fd);
		if (renameat(dir_fd, j->now, dir_fd, j->old) < 0)
			return err_set(e, errno, "rename %s", j->now);
	}
}

static int append(int dir_fd, const struct journal *j, const struct buf *line, struct err *e)
{
	if (line->full)
		return err_set(e, EFBIG, "write %s", j->now);
	AUTO_FD fd = open_locked(dir_fd, j, e);
	if (fd < 0)
		return fd;
	int rc = fd_write_all(fd, line->data, line->len);
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
	write_flag(w, "stdout", r->out.truncated);
	write_flag(w, "stderr", r->err.truncated);
	jsonw_object_end(w);
}

/* One line of the log, or, with an id, of the history. */
static void write_exec(struct buf *line, const struct caller *caller, const char *id, uint64_t seq,
		       const char *cmd, size_t len, const struct exec_result *result)
{
	struct jsonw w;
	bool cut = len > JOURNAL_CMD_BYTES;
	line->len = 0;
	jsonw_init(&w, line);
	jsonw_object_begin(&w);
	if (id) {
		write_string(&w, "event", "exec");
		write_string(&w, "id", id);
	}
	jsonw_key(&w, "seq");
	jsonw_uint(&w, seq);
	jsonw_key(&w, "cmd");
	jsonw_text(&w, cmd, cut ? JOURNAL_CMD_BYTES : len);
	write_flag(&w, "cmd_truncated", cut);
	write_result(&w, result);
	write_caller(&w, caller);
	jsonw_object_end(&w);
	buf_add_text(line, "\n");
}

void journal_exec(const struct server *s, int dir_fd, const char *id, uint64_t seq, const char *cmd,
		  size_t cmd_len, const struct exec_result *result)
{
	static char memory[LINE_BYTES];
	struct buf line = {.data = memory, .cap = sizeof(memory)};
	struct err e;
	write_exec(&line, s->caller, id, seq, cmd, cmd_len, result);
	int rc = append(s->data_fd, &history_files, &line, &e);
	if (rc == 0 && dir_fd >= 0) {
		write_exec(&line, s->caller, NULL, seq, cmd, cmd_len, result);
		rc = append(dir_fd, &log_files, &line, &e);
	}
	if (rc < 0)
		leftover_say(id, &e);
}

/* A line of the history, up to what its event is about. */
static void begin_event(struct jsonw *w, struct buf *line, const char *event)
{
	jsonw_init(w, line);
	jsonw_object_begin(w);
	write_string(w, "event", event);
}

/* id is that of the sandbox that the event is about, or NULL. */
static void end_event(const struct server *s, struct jsonw *w, const char *id)
{
	struct err e;
	write_caller(w, s->caller);
	jsonw_object_end(w);
	buf_add_text(w->out, "\n");
	if (append(s->data_fd, &history_files, w->out, &e) < 0)
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
	static char memory[LINE_BYTES];
	struct buf line = {.data = memory, .cap = sizeof(memory)};
	struct jsonw w;
	begin_event(&w, &line, "end");
	write_string(&w, "id", sb->id);
	write_string(&w, "reason", reasons[why]);
	write_string(&w, "owner", sb->owner);
	write_string(&w, "task", sb->task);
	write_time(&w, "created", sb->created_ms);
	write_time(&w, "ended", clock_wall_ms());
	jsonw_key(&w, "exec_count");
	jsonw_uint(&w, exec_count);
	end_event(s, &w, sb->id);
}

static void end_event_now(const struct server *s, struct jsonw *w, const char *id)
{
	write_time(w, "at", clock_wall_ms());
	end_event(s, w, id);
}

void journal_change(const struct server *s, const char *id, const char *event, const char *key,
		    const char *value)
{
	static char memory[LINE_BYTES];
	struct buf line = {.data = memory, .cap = sizeof(memory)};
	struct jsonw w;
	begin_event(&w, &line, event);
	write_string(&w, "id", id);
	write_string(&w, key, value);
	end_event_now(s, &w, id);
}

void journal_system(const struct server *s, const char *event, const char *name)
{
	char memory[1024];
	struct buf line = {.data = memory, .cap = sizeof(memory)};
	struct jsonw w;
	begin_event(&w, &line, event);
	if (name)
		write_string(&w, "name", name);
	end_event_now(s, &w, NULL);
}

void journal_module(const struct server *s, const char *event, const char *name, const char *sha256)
{
	char memory[1024];
	struct buf line = {.data = memory, .cap = sizeof(memory)};
	struct jsonw w;
	begin_event(&w, &line, event);
	write_string(&w, "module", name);
	if (sha256)
		write_string(&w, "sha256", sha256);
	end_event_now(s, &w, NULL);
}

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

int journal_read_log(int dir_fd, struct buf *out, struct err *e)
{
	return read_both(dir_fd, &log_files, out, e);
}

int journal_read_history(const struct server *s, struct buf *out, struct err *e)
{
	return read_both(s->data_fd, &history_files, out, e);
}
