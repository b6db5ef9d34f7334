/* SPDX-License-Identifier: MIT */
#include "meta.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "leftover.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "meta_text.h"
#include "runtime.h"

#define META "meta.json"
#define NEXT "meta.json.new"

int meta_prepare(int dir_fd, const struct sandbox *sb, struct err *e)
{
	static char text[META_BYTES];
	struct buf out = {.data = text, .cap = sizeof(text)};
	meta_write(&out, sb);
	if (out.full)
		return err_set(e, EFBIG, "write %s", META);
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
	AUTO_FD fd = openat(dir_fd, NEXT, flags, 0600);
	if (fd < 0)
		return err_set(e, errno, "make %s", NEXT);
	int rc = fd_write_all(fd, out.data, out.len);
	if (rc < 0)
		return err_set(e, -rc, "write %s", META);
	return fsync(fd) < 0 ? err_set(e, errno, "write %s", META) : 0;
}

int meta_publish(int dir_fd, struct err *e)
{
	if (renameat(dir_fd, NEXT, dir_fd, META) < 0 || fsync(dir_fd) < 0)
		return err_set(e, errno, "save %s", META);
	return 0;
}

static int exchange(int dir_fd, struct err *e)
{
	if (syscall(SYS_renameat2, dir_fd, NEXT, dir_fd, META, RENAME_EXCHANGE) < 0)
		return err_set(e, errno, "exchange %s", META);
	return 0;
}

int meta_swap(int dir_fd, struct err *e)
{
	struct err back;
	int rc = exchange(dir_fd, e);
	if (rc < 0 || fsync(dir_fd) == 0)
		return rc;
	rc = err_set(e, errno, "sync %s", META);
	/* If it can't be undone either, it is done for those who look, and soon for the disk. */
	return exchange(dir_fd, &back) == 0 ? rc : 0;
}

int meta_forget(int dir_fd, struct err *e)
{
	return fd_remove_file(dir_fd, NEXT, e);
}

int meta_load(const struct server *s, int dir_fd, const char *id, struct sandbox *sb, struct err *e)
{
	static char text[META_BYTES];
	ssize_t n = fd_read_file(dir_fd, META, text, sizeof(text), e);
	if (n == -ENOENT)
		return err_say(e, ENOENT, "there is no sandbox %s", id);
	if (n < 0)
		return (int)n;
	int rc = meta_read((const uint8_t *)text, (size_t)n, sb, e);
	if (rc == 0 && strcmp(sb->id, id) != 0)
		return err_say(e, EBADMSG, META " is of sandbox %s", sb->id);
	sb->runtime = runtime_load(s, id);
	return rc;
}

bool meta_exists(const struct server *s, const char *id)
{
	char path[LIMIT_ID_BYTES + 16];
	snprintf(path, sizeof(path), "%s/" META, id);
	return faccessat(s->sandboxes_fd, path, F_OK, 0) == 0;
}

bool meta_is_in(int dir_fd)
{
	return faccessat(dir_fd, META, F_OK, 0) == 0;
}

int meta_remove(int dir_fd, struct err *e)
{
	if (unlinkat(dir_fd, META, 0) < 0 || fsync(dir_fd) < 0)
		return err_set(e, errno, "remove %s", META);
	return 0;
}

int meta_open(const struct server *s, const char *id, struct err *e)
{
	int fd = openat(s->sandboxes_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? err_say(e, ENOENT, "there is no sandbox %s", id)
				       : err_set(e, errno, "open sandbox %s", id);
	return fd;
}

static void wake(int signal)
{
	(void)signal;
}

/* 0; -EBUSY: not within wait_ms; another -errno. flock(2) waits for ever or not at all: a timer
 * interrupts it, again and again, as the first time may be just before it waits. */
static int wait_for_lock(int fd, uint64_t wait_ms)
{
	const struct sigaction on_timer = {.sa_handler = wake};
	const struct itimerval never = {.it_value = {.tv_sec = 0}};
	struct itimerval timer = {.it_interval = {.tv_usec = 100000}};
	uint64_t begun = clock_mono_ms();
	int rc;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK || wait_ms == 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (wait_ms != META_WAIT) {
		timer.it_value.tv_sec = (time_t)(wait_ms / 1000);
		timer.it_value.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000);
		sigaction(SIGALRM, &on_timer, NULL);
		setitimer(ITIMER_REAL, &timer, NULL);
	}
	do
		rc = flock(fd, LOCK_EX) < 0 ? -errno : 0;
	while (rc == -EINTR && clock_mono_ms() - begun < wait_ms);
	setitimer(ITIMER_REAL, &never, NULL);
	return rc == -EINTR ? -EBUSY : rc;
}

int meta_lock(const struct server *s, const char *id, uint64_t wait_ms, struct err *e)
{
	AUTO_FD fd = meta_open(s, id, e);
	if (fd < 0)
		return fd;
	int rc = wait_for_lock(fd, wait_ms);
	if (rc == -EBUSY)
		return err_say(e, EBUSY, "sandbox %s is busy", id);
	return rc < 0 ? err_set(e, -rc, "lock sandbox %s", id) : fd_steal(&fd);
}

struct usage meta_read_usage(int dir_fd)
{
	struct usage u = {0};
	AUTO_FD fd = openat(dir_fd, "usage", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : fd_read_all(fd, &u, sizeof(u));
	if (n == (ssize_t)offsetof(struct usage, ends) || n == (ssize_t)sizeof(u))
		return u;
	return (struct usage){0};
}

int meta_write_usage(int dir_fd, const struct usage *u, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, "usage", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, errno, "open usage");
	int rc = fd_write_all(fd, u, sizeof(*u));
	return rc < 0 ? err_set(e, -rc, "write usage") : 0;
}

static void write_active(int dir_fd, struct usage *u)
{
	struct err e;
	u->last_active_ms = clock_wall_ms();
	if (meta_write_usage(dir_fd, u, &e) < 0)
		leftover_say(NULL, &e);
}

void meta_count_use(int dir_fd)
{
	struct usage u = meta_read_usage(dir_fd);
	write_active(dir_fd, &u);
}

void meta_count_start(int dir_fd, uint64_t n)
{
	struct usage u = meta_read_usage(dir_fd);
	u.exec_count = n;
	write_active(dir_fd, &u);
}

void meta_count_end(int dir_fd, enum msg_exec_end end)
{
	struct usage u = meta_read_usage(dir_fd);
	u.ends[end]++;
	write_active(dir_fd, &u);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

size_t meta_list(const struct server *s, char ids[LIMIT_SANDBOXES][LIMIT_ID_BYTES + 1])
{
	size_t count = 0;
	DIR *dir = fd_open_dir(s->sandboxes_fd, ".");
	for (struct dirent *d; dir && count < LIMIT_SANDBOXES && (d = readdir(dir));) {
		size_t len = strlen(d->d_name);
		if (meta_is_id(d->d_name, len))
			memcpy(ids[count++], d->d_name, len + 1);
	}
	if (dir)
		closedir(dir);
	qsort(ids, count, sizeof(ids[0]), compare_ids);
	return count;
}
