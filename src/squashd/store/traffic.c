/* SPDX-License-Identifier: MIT */
#include "traffic.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "meta_text.h"
#include "totals.h"

#define DIR_NAME "traffic"

int traffic_open(const struct server *s, const char *id, struct err *e)
{
	static const uint8_t none[EGRESS_TRAFFIC_BYTES];
	char path[LIMIT_ID_BYTES + 16];
	struct stat st;
	snprintf(path, sizeof(path), DIR_NAME "/%s", id);
	AUTO_FD fd = openat(s->run_fd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open %s", path);
	/* Its page is there before egress touches it: the sandbox may have no memory left then. */
	int rc = st.st_size == sizeof(none) ? 0 : fd_write_all(fd, none, sizeof(none));
	return rc < 0 ? err_set(e, -rc, "write %s", path) : fd_steal(&fd);
}

static bool read_in(int dir_fd, const char *id, uint64_t counts[EGRESS_COUNTS])
{
	const size_t len = EGRESS_COUNTS * sizeof(counts[0]);
	AUTO_FD fd = openat(dir_fd, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && pread(fd, counts, len, 0) == (ssize_t)len)
		return true;
	memset(counts, 0, len);
	return false;
}

bool traffic_read(const struct server *s, const char *id, uint64_t counts[EGRESS_COUNTS])
{
	char path[LIMIT_ID_BYTES + 16];
	snprintf(path, sizeof(path), DIR_NAME "/%s", id);
	return read_in(s->run_fd, path, counts);
}

/* Who adds up has it shared, who moves numbers from a sandbox to the totals has it alone: they are
 * in one of the two. The directory, which holds the lock; or -errno. */
static int lock(const struct server *s, int how, struct err *e)
{
	AUTO_FD dir = openat(s->run_fd, DIR_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || flock(dir, how) < 0)
		return err_set(e, errno, "lock " DIR_NAME);
	return fd_steal(&dir);
}

/* A stranger can make a sum as large as it gets, but not wrap it round. */
static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

int traffic_end(const struct server *s, const char *id, struct err *e)
{
	uint64_t counts[EGRESS_COUNTS];
	AUTO_FD dir = lock(s, LOCK_EX, e);
	if (dir < 0)
		return dir;
	if (!read_in(dir, id, counts))
		return fd_remove_file(dir, id, e);
	/* In this order: one that is cut off between counts them twice rather than never. */
	for (size_t i = 0; i < EGRESS_COUNTS; i++) {
		_Atomic uint64_t *total = &s->totals->traffic[i];
		atomic_store(total, add(atomic_load(total), counts[i]));
	}
	return fd_remove_file(dir, id, e);
}

int traffic_sum(const struct server *s, uint64_t counts[EGRESS_COUNTS], struct err *e)
{
	uint64_t one[EGRESS_COUNTS];
	AUTO_FD fd = lock(s, LOCK_SH, e);
	DIR *dir = fd < 0 ? NULL : fd_open_dir(fd, ".");
	if (!dir)
		return fd < 0 ? fd : err_set(e, errno, "read " DIR_NAME);
	for (size_t i = 0; i < EGRESS_COUNTS; i++)
		counts[i] = atomic_load(&s->totals->traffic[i]);
	for (struct dirent *d; (d = readdir(dir));)
		if (meta_is_id(d->d_name, strlen(d->d_name)) && read_in(fd, d->d_name, one))
			for (size_t i = 0; i < EGRESS_COUNTS; i++)
				counts[i] = add(counts[i], one[i]);
	closedir(dir);
	return 0;
}

int traffic_sweep(const struct server *s, bool (*has)(const struct server *s, const char *id),
		  struct err *e)
{
	struct err this;
	int first = 0;
	DIR *dir = fd_open_dir(s->run_fd, DIR_NAME);
	if (!dir)
		return err_set(e, errno, "read " DIR_NAME);
	for (struct dirent *d; (d = readdir(dir));)
		if (meta_is_id(d->d_name, strlen(d->d_name)) && !has(s, d->d_name))
			first = err_keep_first(first, traffic_end(s, d->d_name, &this), e, &this);
	closedir(dir);
	return first;
}
