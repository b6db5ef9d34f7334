/* SPDX-License-Identifier: MIT */
#include "tokens_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/paths.h"

#define NEXT NAME_TOKENS ".new"
#define TOLD                                                                                       \
	"tokens-told" /* in PATH_RUN; its mtime is the ctime of the file whose faults were told */

int tokens_file_read(const struct server *s, struct buf *out, struct err *e)
{
	struct stat st;
	/* Whatever lies there, opening it neither blocks nor does anything. */
	AUTO_FD fd =
		openat(s->data_fd, NAME_TOKENS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open %s", NAME_TOKENS);
	if (!S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "%s is not a regular file", NAME_TOKENS);
	if (st.st_size > LIMIT_TOKENS_BYTES)
		return err_say(e, EFBIG, "%s is larger than %d bytes", NAME_TOKENS,
			       LIMIT_TOKENS_BYTES);
	ssize_t n = fd_read_all(fd, out->data, out->cap);
	if (n < 0)
		return err_set(e, (int)-n, "read %s", NAME_TOKENS);
	out->len = (size_t)n;
	return 0;
}

/* Requests come often, and strangers' too: what is wrong is told once. */
struct telling {
	bool told, now; /* before; by us */
};

static void tell(void *context, unsigned line, const char *fault)
{
	struct telling *t = context;
	if (!t->told)
		fprintf(stderr, "squashd: %s, line %u is ignored: it %s\n", NAME_TOKENS, line,
			fault);
	t->now = true;
}

static bool is_told(const struct server *s, const struct stat *file)
{
	struct stat told;
	return fstatat(s->run_fd, TOLD, &told, AT_SYMLINK_NOFOLLOW) == 0 &&
	       told.st_mtim.tv_sec == file->st_ctim.tv_sec &&
	       told.st_mtim.tv_nsec == file->st_ctim.tv_nsec;
}

static void note_told(const struct server *s, const struct stat *file)
{
	const struct timespec times[2] = {file->st_ctim, file->st_ctim};
	AUTO_FD fd = openat(s->run_fd, TOLD, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		futimens(fd, times);
}

int tokens_file_load(const struct server *s, struct tokens *t, struct err *e)
{
	static char text[LIMIT_TOKENS_BYTES];
	struct buf b = {.data = text, .cap = sizeof(text)};
	struct stat st;
	t->count = 0;
	if (fstatat(s->data_fd, NAME_TOKENS, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "look for %s", NAME_TOKENS);
	struct telling telling = {.told = is_told(s, &st)};
	int rc = tokens_file_read(s, &b, e);
	if (rc < 0 && !telling.told)
		fprintf(stderr, "squashd: no named token is valid: %s\n", e->text);
	if (rc == 0)
		tokens_read((const uint8_t *)text, b.len, t,
			    &(struct tokens_report){tell, &telling});
	if ((rc < 0 || telling.now) && !telling.told)
		note_told(s, &st);
	return rc < 0 ? rc : 1;
}

int tokens_file_lock(const struct server *s, struct err *e)
{
	/* The directory, as the file is replaced; opened anew, as a lock belongs to an open file,
	 * which data_fd shares with all other workers. */
	AUTO_FD fd = openat(s->data_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_set(e, errno, "lock %s", NAME_TOKENS);
	return fd_steal(&fd);
}

int tokens_file_write(const struct server *s, const struct buf *text, struct err *e)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
	fd_remove_file(s->data_fd, NEXT, NULL); /* of one that died here */
	AUTO_FD fd = openat(s->data_fd, NEXT, flags, 0600);
	if (fd < 0)
		return err_set(e, errno, "make %s", NEXT);
	int rc = fd_write_all(fd, text->data, text->len);
	if (rc == 0 && (fsync(fd) < 0 || renameat(s->data_fd, NEXT, s->data_fd, NAME_TOKENS) < 0))
		rc = -errno;
	if (rc < 0) {
		fd_remove_file(s->data_fd, NEXT, NULL);
		return err_set(e, -rc, "write %s", NAME_TOKENS);
	}
	return fsync(s->data_fd) < 0 ? err_set(e, errno, "sync %s", NAME_TOKENS) : 0;
}
