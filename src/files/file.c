/* SPDX-License-Identifier: MIT */
/* One file: get, put, delete. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "files.h"
#include "lib/fd.h"
#include "lib/tree.h"

/* What is no larger is read before its size is told: files of /proc say 0, of /sys 4096. */
#define WHOLE_BYTES 262144
#define ALIVE_SECONDS 5

/* Directories, too: there is one word for all that has no bytes of its own. */
static int refuse_type(struct err *e)
{
	return err_say(e, EISDIR, "it is no regular file");
}

static int open_file(const char *path, struct stat *st, struct err *e)
{
	/* Not to wait for who writes into a FIFO. */
	AUTO_FD fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENXIO) /* a socket */
		return refuse_type(e);
	if (fd < 0)
		return err_set(e, errno, "open it");
	if (fstat(fd, st) < 0)
		return err_set(e, errno, "look at it");
	return S_ISREG(st->st_mode) ? fd_steal(&fd) : refuse_type(e);
}

/* The rest of what was announced; what has been added to the file meanwhile isn't. */
static int send_rest(int fd, uint64_t left, uint8_t *block, struct err *e)
{
	while (left > 0) {
		size_t len = left < WHOLE_BYTES ? (size_t)left : WHOLE_BYTES;
		ssize_t n = fd_read_all(fd, block, len);
		if (n < 0)
			return err_set(e, (int)-n, "read it");
		if (n == 0)
			return err_say(e, ENODATA, "it has become shorter");
		if (files_write(block, (size_t)n, e) < 0)
			return -e->number;
		left -= (uint64_t)n;
	}
	return 0;
}

int files_get(const char *path, struct err *e)
{
	static uint8_t block[WHOLE_BYTES];
	struct stat st;
	AUTO_FD fd = open_file(path, &st, e);
	if (fd < 0)
		return fd;
	ssize_t n = fd_read_all(fd, block, sizeof(block));
	if (n < 0)
		return err_set(e, (int)-n, "read it");
	bool whole = (size_t)n < sizeof(block);
	if (!whole && st.st_size < n)
		return err_say(e, EFBIG,
			       "it doesn't say how large it is, and has more than %d bytes",
			       WHOLE_BYTES);
	const struct files_head head = {.kind = FILES_ANSWER,
					.size = whole ? (uint64_t)n : (uint64_t)st.st_size,
					.mode = st.st_mode & 07777};
	int rc = files_answer(&head, e);
	if (rc == 0)
		rc = files_write(block, (size_t)n, e);
	return rc < 0 ? rc : send_rest(fd, head.size - (uint64_t)n, block, e);
}

/* What is to be written: behind links, if there are any. *st has the file that is there; its mode
 * is 0 if none is. */
static const char *resolve(const char *path, char real[PATH_MAX], struct stat *st, struct err *e)
{
	memset(st, 0, sizeof(*st));
	if (lstat(path, st) < 0) {
		if (errno == ENOENT)
			return path;
		err_set(e, errno, "look at it");
		return NULL;
	}
	if (S_ISLNK(st->st_mode)) {
		if (!realpath(path, real) || lstat(real, st) < 0) {
			err_set(e, errno, "follow the link");
			return NULL;
		}
		path = real;
	}
	if (S_ISREG(st->st_mode))
		return path;
	refuse_type(e);
	return NULL;
}

/* Whose it was it remains, unless an owner is given, and so does its mode. */
static int settle(int fd, const struct stat *st, const char *mode, const struct files_owner *owner,
		  uint32_t *as, struct err *e)
{
	*as = st->st_mode ? st->st_mode & 07777 : 0644;
	if (mode[0] != '\0')
		*as = (uint32_t)strtoul(mode, NULL, 8) & 07777;
	int rc = 0;
	if (owner->is_given)
		rc = fchown(fd, owner->uid, owner->gid);
	else if (st->st_mode)
		rc = fchown(fd, st->st_uid, st->st_gid);
	if (rc < 0)
		return err_set(e, errno, "give it its owner");
	return fchmod(fd, *as) < 0 ? err_set(e, errno, "give it its mode") : 0;
}

static int open_parent(const char *path, const char *slash, struct err *e)
{
	char parent[PATH_MAX];
	snprintf(parent, sizeof(parent), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "open %s", parent) : fd;
}

/* How many bytes the file has, or -errno. */
static int64_t receive(int fd, const char *size, struct err *e)
{
	if (strcmp(size, FILES_FRAMED) == 0) {
		files_expect_frames();
		return files_receive_all(fd, e);
	}
	uint64_t len = strtoull(size, NULL, 10);
	int rc = files_receive(fd, len, e);
	return rc < 0 ? rc : (int64_t)len;
}

int files_put(const char *path, const char *mode, const struct files_owner *owner, const char *size,
	      struct err *e)
{
	char real[PATH_MAX];
	struct files_head head = {.kind = FILES_ANSWER};
	struct stat st;
	if (files_make_parents(path, e) < 0 || !(path = resolve(path, real, &st, e)))
		return -e->number;
	const char *slash = strrchr(path, '/');
	if (slash[1] == '\0')
		return refuse_type(e);
	AUTO_FD dir = open_parent(path, slash, e);
	if (dir < 0)
		return dir;
	AUTO_FD fd = files_make(dir, e);
	if (fd < 0)
		return fd;
	int64_t len = receive(fd, size, e);
	head.size = (uint64_t)len;
	int rc = len < 0 ? (int)len : 0;
	if (rc == 0)
		rc = settle(fd, &st, mode, owner, &head.mode, e);
	if (rc == 0)
		rc = files_place(fd, dir, slash + 1, e);
	return rc < 0 ? rc : files_answer(&head, e);
}

/* A write of so few bytes into a pipe is whole. */
static void say_alive(int signal)
{
	static const struct files_head alive = {.kind = FILES_ALIVE};
	int saved = errno;
	(void)signal;
	if (write(STDOUT_FILENO, &alive, sizeof(alive)) < 0)
		_exit(1);
	errno = saved;
}

/* While a large tree goes nothing else is to be heard. */
static void set_alive(time_t seconds)
{
	const struct itimerval every = {.it_interval = {.tv_sec = seconds},
					.it_value = {.tv_sec = seconds}};
	const struct sigaction action = {.sa_handler = say_alive, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

int files_delete(const char *path, bool recursive, struct err *e)
{
	const struct files_head head = {.kind = FILES_ANSWER};
	struct stat st;
	if (lstat(path, &st) < 0)
		return err_set(e, errno, "look at it");
	if (!S_ISDIR(st.st_mode)) {
		if (unlink(path) < 0)
			return err_set(e, errno, "delete it");
	} else if (rmdir(path) < 0) {
		if (errno != ENOTEMPTY || !recursive)
			return err_set(e, errno, "delete it");
		set_alive(ALIVE_SECONDS);
		int rc = tree_remove(AT_FDCWD, path, e);
		set_alive(0);
		if (rc < 0)
			return rc;
	}
	return files_answer(&head, e);
}
