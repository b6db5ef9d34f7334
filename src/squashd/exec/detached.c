/* SPDX-License-Identifier: MIT */
/* What is there of a detached command, for who writes it and for who reads. */
#include "detached.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/limits.h"
#include "lib/ring.h"
#include "lib/tree.h"
#include "squashd/wire/api_end.h"

#define DIRECTORY "execs"
#define FIELDS "fields"
#define NEXT "fields.new"
#define RESULT "result"
#define JOB "job"
#define PATH_BYTES (sizeof(DIRECTORY) + 24)
#define LISTED_MAX (LIMIT_EXECS + DETACHED_ENDED_MAX)

static const char *const ring_names[2] = {"stdout", "stderr"};

static const char *path_of(uint64_t n, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, DIRECTORY "/%" PRIu64, n);
	return path;
}

static int write_fields(int dir_fd, const char *name, const struct buf *fields, struct err *e)
{
	if (fields->full)
		return err_set(e, EFBIG, "write %s", name);
	return fd_replace_file(dir_fd, name, NEXT, 0600, fields->data, fields->len, e);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *na = a, *nb = b;
	return (*na > *nb) - (*na < *nb);
}

size_t detached_list(int sandbox_fd, uint64_t *numbers, size_t max)
{
	size_t count = 0;
	DIR *dir = fd_open_dir(sandbox_fd, DIRECTORY);
	for (struct dirent *d; dir && count < max && (d = readdir(dir));) {
		char *end;
		uint64_t n = strtoull(d->d_name, &end, 10);
		if (n > 0 && *end == '\0')
			numbers[count++] = n;
	}
	if (dir)
		closedir(dir);
	qsort(numbers, count, sizeof(numbers[0]), compare_numbers);
	return count;
}

uint64_t detached_last(int sandbox_fd)
{
	uint64_t numbers[LISTED_MAX];
	size_t count = detached_list(sandbox_fd, numbers, LISTED_MAX);
	return count > 0 ? numbers[count - 1] : 0;
}

static bool is_locked(int dir_fd)
{
	if (flock(dir_fd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	flock(dir_fd, LOCK_UN);
	return false;
}

/* Make room for another: of those that have ended the oldest go. */
static int prune(int sandbox_fd, struct err *e)
{
	uint64_t numbers[LISTED_MAX];
	char path[PATH_BYTES];
	size_t ended = 0;
	size_t count = detached_list(sandbox_fd, numbers, LISTED_MAX);
	while (count-- > 0) {
		AUTO_FD dir = detached_open(sandbox_fd, numbers[count], NULL);
		if (dir < 0 || is_locked(dir) || ++ended < DETACHED_ENDED_MAX)
			continue;
		int rc = tree_remove(sandbox_fd, path_of(numbers[count], path), e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int open_ring(int dir_fd, const char *name, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "make %s", name);
	int rc = ring_begin(fd);
	return rc < 0 ? err_set(e, -rc, "write %s", name) : fd_steal(&fd);
}

/* inotify(7) of a file in the directory. */
static int watch(int dir_fd, const char *name, uint32_t events, struct err *e)
{
	char path[48];
	AUTO_FD fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, name);
	if (fd < 0 || inotify_add_watch(fd, path, events) < 0)
		return err_set(e, errno, "watch " DIRECTORY "/%s", name);
	return fd_steal(&fd);
}

void detached_close(struct detached *d)
{
	fd_close(&d->dir_fd); /* the lock goes first: who sees the rings closed looks for that */
	fd_close(&d->ring_fd[0]);
	fd_close(&d->ring_fd[1]);
}

static int fill(struct detached *d, const struct buf *fields, const struct detached_job *job,
		struct err *e)
{
	if (flock(d->dir_fd, LOCK_EX) < 0)
		return err_set(e, errno, "lock " DIRECTORY);
	for (size_t i = 0; i < 2; i++)
		if ((d->ring_fd[i] = open_ring(d->dir_fd, ring_names[i], e)) < 0)
			return d->ring_fd[i];
	int rc = fd_replace_file(d->dir_fd, JOB, NEXT, 0600, job, sizeof(*job), e);
	return rc < 0 ? rc : write_fields(d->dir_fd, FIELDS, fields, e);
}

int detached_make(int sandbox_fd, uint64_t n, const struct buf *fields,
		  const struct detached_job *job, struct detached *d, struct err *e)
{
	char path[PATH_BYTES];
	*d = (struct detached){.dir_fd = -1, .ring_fd = {-1, -1}};
	if (mkdirat(sandbox_fd, DIRECTORY, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make " DIRECTORY);
	int rc = prune(sandbox_fd, e);
	if (rc < 0)
		return rc;
	if (mkdirat(sandbox_fd, path_of(n, path), 0700) < 0)
		return err_set(e, errno, "make %s", path);
	d->dir_fd = openat(sandbox_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = d->dir_fd < 0 ? err_set(e, errno, "open %s", path) : fill(d, fields, job, e);
	if (rc < 0)
		detached_drop(sandbox_fd, n, d);
	return rc;
}

int detached_set_job(const struct detached *d, const struct detached_job *job, struct err *e)
{
	AUTO_FD fd = openat(d->dir_fd, JOB, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc = fd < 0 ? -errno : fd_write_all(fd, job, sizeof(*job));
	return rc < 0 ? err_set(e, -rc, "write " DIRECTORY "/%s", JOB) : 0;
}

void detached_drop(int sandbox_fd, uint64_t n, struct detached *d)
{
	char path[PATH_BYTES];
	detached_close(d);
	tree_remove(sandbox_fd, path_of(n, path), NULL);
}

int detached_end(int dir_fd, const struct buf *fields, struct err *e)
{
	return write_fields(dir_fd, RESULT, fields, e);
}

int detached_read_job(int dir_fd, struct detached_job *job, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, JOB, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -errno : fd_read_all(fd, job, sizeof(*job));
	if (n == (ssize_t)sizeof(*job))
		return 0;
	return err_set(e, n < 0 ? (int)-n : EBADMSG, "read " DIRECTORY "/%s", JOB);
}

ssize_t detached_read_cmd(int dir_fd, char *cmd, size_t cap, struct err *e)
{
	char text[DETACHED_FIELDS_BYTES];
	ssize_t n = fd_read_file(dir_fd, FIELDS, text, sizeof(text), e);
	struct msg_cursor c = {.at = (const uint8_t *)text, .left = n < 0 ? 0 : (size_t)n};
	struct msg_field f;
	while (n >= 0 && msg_next(&c, &f) > 0)
		if (f.tag == TAG_CMD && f.len < cap) {
			memcpy(cmd, f.data, f.len);
			cmd[f.len] = '\0';
			return (ssize_t)f.len;
		}
	return n < 0 ? n : err_set(e, EBADMSG, "read " DIRECTORY "/%s", FIELDS);
}

int detached_open(int sandbox_fd, uint64_t n, struct err *e)
{
	char path[PATH_BYTES];
	int fd = openat(sandbox_fd, path_of(n, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_say(e, ENOENT,
			       "there is no detached command %" PRIu64 ", or not any more", n);
	return fd < 0 ? err_set(e, errno, "open %s", path) : fd;
}

static int open_to_read(int dir_fd, int which, struct err *e)
{
	int fd = openat(dir_fd, ring_names[which], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_set(e, errno, "open %s", ring_names[which]) : fd;
}

/* The lock is looked at before the result: who has let go of it has written that. */
enum msg_exec_state detached_state(int dir_fd)
{
	bool locked = is_locked(dir_fd);
	if (faccessat(dir_fd, RESULT, F_OK, 0) == 0)
		return MSG_EXEC_ENDED;
	return locked ? MSG_EXEC_RUNS : MSG_EXEC_LOST;
}

enum msg_exec_state detached_load(int dir_fd, struct buf *b)
{
	char text[DETACHED_FIELDS_BYTES];
	enum msg_exec_state state = detached_state(dir_fd);
	const char *name = state == MSG_EXEC_ENDED ? RESULT : FIELDS;
	ssize_t n = fd_read_file(dir_fd, name, text, sizeof(text), NULL);
	if (n > 0)
		buf_add(b, text, (size_t)n);
	for (int i = 0; i < 2; i++) {
		AUTO_FD ring = open_to_read(dir_fd, i, NULL);
		msg_add_number(b, i == 0 ? TAG_STDOUT_BYTES : TAG_STDERR_BYTES, ring_count(ring));
	}
	return state;
}

ssize_t detached_read(int dir_fd, int which, uint64_t *offset, char *data, size_t cap,
		      struct err *e)
{
	AUTO_FD fd = open_to_read(dir_fd, which, e);
	if (fd < 0)
		return fd;
	ssize_t n = ring_read(fd, offset, data, cap);
	return n < 0 ? err_set(e, (int)-n, "read %s", ring_names[which]) : n;
}

int detached_watch(int dir_fd, int which, struct err *e)
{
	return watch(dir_fd, ring_names[which], IN_MODIFY | IN_CLOSE_WRITE, e);
}

int detached_wait(int watch_fd, int conn_fd, int wait_ms)
{
	char events[1024];
	struct pollfd fds[] = {{.fd = watch_fd, .events = POLLIN},
			       {.fd = conn_fd, .events = api_end_events(false)}};
	poll(fds, 2, wait_ms);
	while (read(watch_fd, events, sizeof(events)) > 0)
		;
	return api_end_has_come(fds[1].revents) ? -ECONNRESET : 0;
}
