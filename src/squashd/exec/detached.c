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
#include "lib/tree.h"
#include "squashd/wire/api_end.h"

#define DIRECTORY "execs"
#define FIELDS "fields"
#define NEXT "fields.new"
#define RESULT "result"
#define KILL "kill"
#define PATH_BYTES (sizeof(DIRECTORY) + 24)
#define LISTED_MAX (LIMIT_EXECS + DETACHED_ENDED_MAX)

/* A ring: the number of bytes that were ever written, then the last of them; byte number n lies at
 * n modulo RING_BYTES. The number is written after the bytes, so that a reader which looks at it
 * before and after knows what may have been written over meanwhile: a piece more than is kept. */
#define PIECE_BYTES 16384
#define RING_BYTES (DETACHED_KEPT_BYTES + PIECE_BYTES)
#define RING_OFFSET ((off_t)sizeof(uint64_t))

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
	const uint64_t none = 0;
	AUTO_FD fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "make %s", name);
	int rc = fd_write_all(fd, &none, sizeof(none));
	return rc < 0 ? err_set(e, -rc, "write %s", name) : fd_steal(&fd);
}

/* inotify(7) of a file in the directory, or of itself ("."). */
static int watch(int dir_fd, const char *name, uint32_t events, struct err *e)
{
	char path[48];
	AUTO_FD fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, name);
	if (fd < 0 || inotify_add_watch(fd, path, events) < 0)
		return err_set(e, errno, "watch " DIRECTORY "/%s", name);
	return fd_steal(&fd);
}

static void close_all(struct detached *d)
{
	fd_close(&d->dir_fd); /* the lock goes first: who sees the rings closed looks for that */
	fd_close(&d->ring_fd[0]);
	fd_close(&d->ring_fd[1]);
	fd_close(&d->notify_fd);
}

static int fill(struct detached *d, const struct buf *fields, struct err *e)
{
	if (flock(d->dir_fd, LOCK_EX) < 0)
		return err_set(e, errno, "lock " DIRECTORY);
	for (size_t i = 0; i < 2; i++)
		if ((d->ring_fd[i] = open_ring(d->dir_fd, ring_names[i], e)) < 0)
			return d->ring_fd[i];
	d->notify_fd = watch(d->dir_fd, ".", IN_CREATE, e);
	return d->notify_fd < 0 ? d->notify_fd : write_fields(d->dir_fd, FIELDS, fields, e);
}

int detached_make(int sandbox_fd, uint64_t n, const struct buf *fields, struct detached *d,
		  struct err *e)
{
	char path[PATH_BYTES];
	*d = (struct detached){.dir_fd = -1, .ring_fd = {-1, -1}, .notify_fd = -1};
	if (mkdirat(sandbox_fd, DIRECTORY, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make " DIRECTORY);
	int rc = prune(sandbox_fd, e);
	if (rc < 0)
		return rc;
	if (mkdirat(sandbox_fd, path_of(n, path), 0700) < 0)
		return err_set(e, errno, "make %s", path);
	d->dir_fd = openat(sandbox_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = d->dir_fd < 0 ? err_set(e, errno, "open %s", path) : fill(d, fields, e);
	if (rc < 0) {
		close_all(d);
		tree_remove(sandbox_fd, path, NULL);
	}
	return rc;
}

/* Where the disk is full, the command goes on, and its output has a gap of zeroes or of old bytes:
 * it is counted all the same. */
static void write_ring(int fd, uint64_t at, const char *data, size_t len)
{
	while (len > 0) {
		size_t place = (size_t)(at % RING_BYTES);
		size_t part = len < RING_BYTES - place ? len : RING_BYTES - place;
		if (pwrite(fd, data, part, RING_OFFSET + (off_t)place) < 0)
			return;
		at += part;
		data += part;
		len -= part;
	}
}

/* In a block that the file has already: it needs no room. */
static void write_count(int fd, uint64_t count)
{
	ssize_t n;
	do {
		n = pwrite(fd, &count, sizeof(count), 0);
	} while (n < 0 && errno == EINTR);
}

ssize_t detached_take(struct detached *d, int which, int fd)
{
	char data[PIECE_BYTES];
	ssize_t n = read(fd, data, sizeof(data));
	if (n <= 0)
		return n;
	write_ring(d->ring_fd[which], d->written[which], data, (size_t)n);
	d->written[which] += (uint64_t)n;
	write_count(d->ring_fd[which], d->written[which]);
	return n;
}

bool detached_is_unwanted(struct detached *d)
{
	char events[1024];
	while (read(d->notify_fd, events, sizeof(events)) > 0)
		;
	return faccessat(d->dir_fd, KILL, F_OK, 0) == 0;
}

int detached_end(struct detached *d, const struct buf *fields, struct err *e)
{
	int rc = write_fields(d->dir_fd, RESULT, fields, e);
	close_all(d);
	return rc;
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

static uint64_t count_of(int ring_fd)
{
	uint64_t count = 0;
	return pread(ring_fd, &count, sizeof(count), 0) == sizeof(count) ? count : 0;
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
		msg_add_number(b, i == 0 ? TAG_STDOUT_BYTES : TAG_STDERR_BYTES, count_of(ring));
	}
	return state;
}

static uint64_t first_kept(uint64_t count)
{
	return count > DETACHED_KEPT_BYTES ? count - DETACHED_KEPT_BYTES : 0;
}

static int read_ring(int fd, uint64_t at, char *data, size_t len)
{
	while (len > 0) {
		size_t place = (size_t)(at % RING_BYTES);
		size_t part = len < RING_BYTES - place ? len : RING_BYTES - place;
		ssize_t n = pread(fd, data, part, RING_OFFSET + (off_t)place);
		if (n < 0)
			return -errno;
		memset(data + n, 0, part - (size_t)n); /* a gap at the file's end */
		at += part;
		data += part;
		len -= part;
	}
	return 0;
}

ssize_t detached_read(int dir_fd, int which, uint64_t *offset, char *data, size_t cap,
		      struct err *e)
{
	AUTO_FD fd = open_to_read(dir_fd, which, e);
	if (fd < 0)
		return fd;
	for (;;) {
		uint64_t count = count_of(fd);
		if (*offset < first_kept(count))
			*offset = first_kept(count);
		if (*offset >= count)
			return 0;
		size_t len = count - *offset < cap ? (size_t)(count - *offset) : cap;
		int rc = read_ring(fd, *offset, data, len);
		if (rc < 0)
			return err_set(e, -rc, "read %s", ring_names[which]);
		if (*offset >= first_kept(count_of(fd)))
			return (ssize_t)len;
	}
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

int detached_kill(int dir_fd, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, KILL, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? err_set(e, errno, "make " KILL) : 0;
}
