/* SPDX-License-Identifier: MIT */
/* A directory that is not empty is moved up to the top before it is looked into, so the tree gets
 * flat: no path grows, and nothing recurses. */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"

struct removal {
	int top_fd;
	uint64_t moved; /* for a name that nothing at the top has */
};

static int move_up(struct removal *r, int dir_fd, const char *name)
{
	char to[32];
	for (;;) {
		snprintf(to, sizeof(to), ".%" PRIu64, r->moved++);
		if (syscall(SYS_renameat2, dir_fd, name, r->top_fd, to, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
}

/* Remove one entry of dir_fd, or, if that is a directory with something in it, move it to the
 * top. */
static int take_out(struct removal *r, int dir_fd, const struct dirent *d)
{
	if (d->d_type != DT_DIR && unlinkat(dir_fd, d->d_name, 0) == 0)
		return 0;
	if (d->d_type != DT_DIR && errno != EISDIR)
		return -errno;
	if (unlinkat(dir_fd, d->d_name, AT_REMOVEDIR) == 0)
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST ? move_up(r, dir_fd, d->d_name) : -errno;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Take everything out of the directory top/name, which is none of the top's own. */
static int empty(struct removal *r, const char *name)
{
	AUTO_FD fd = openat(r->top_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	DIR *dir = fd_open_dir(fd, ".");
	if (!dir)
		return -errno;
	int rc = 0;
	bool found = true;
	/* What readdir(3) gives of a directory that changes meanwhile is not settled: until none
	 * is found. */
	while (rc == 0 && found) {
		found = false;
		rewinddir(dir);
		for (struct dirent *d; rc == 0 && (d = readdir(dir));) {
			if (is_dot(d->d_name))
				continue;
			found = true;
			rc = take_out(r, fd, d);
		}
	}
	closedir(dir);
	return rc;
}

/* One round over the top: 1 if there was something in it, 0 if not, or -errno. */
static int clear_top(struct removal *r)
{
	int rc = 0, found = 0;
	DIR *dir = fd_open_dir(r->top_fd, ".");
	if (!dir)
		return -errno;
	for (struct dirent *d; rc == 0 && (d = readdir(dir));) {
		if (is_dot(d->d_name))
			continue;
		found = 1;
		if (unlinkat(r->top_fd, d->d_name, d->d_type == DT_DIR ? AT_REMOVEDIR : 0) == 0)
			continue;
		if (errno == ENOENT)
			continue;
		rc = empty(r, d->d_name);
		if (rc == 0 && unlinkat(r->top_fd, d->d_name, AT_REMOVEDIR) < 0)
			rc = -errno;
	}
	closedir(dir);
	return rc < 0 ? rc : found;
}

int tree_remove(int parent_fd, const char *name, struct err *e)
{
	struct removal r = {.moved = 0};
	AUTO_FD top = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s", name);
	r.top_fd = top;
	int rc;
	while ((rc = clear_top(&r)) > 0)
		;
	if (rc == 0 && unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		rc = -errno;
	return rc < 0 ? err_set(e, -rc, "remove %s", name) : 0;
}
