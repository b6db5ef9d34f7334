/* SPDX-License-Identifier: MIT */
#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_steal(int *fd)
{
	int stolen = *fd;
	*fd = -1;
	return stolen;
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;
	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

void fd_feed(int *to, int *from)
{
	ssize_t n = sendfile(*to, *from, NULL, FD_PIPE_BYTES);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	fd_close(to);
	fd_close(from);
}

ssize_t fd_read_all(int fd, void *data, size_t len)
{
	char *at = data;
	size_t have = 0;
	while (have < len) {
		ssize_t n = read(fd, at + have, len - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

ssize_t fd_read_file(int dir_fd, const char *path, char *data, size_t cap, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	ssize_t n = fd_read_all(fd, data, cap);
	if (n < 0)
		return err_set(e, (int)-n, "read %s", path);
	if ((size_t)n == cap)
		return err_set(e, EFBIG, "read %s", path);
	data[n] = '\0';
	return n;
}

int fd_write_file(int dir_fd, const char *path, const char *text, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	if (write(fd, text, strlen(text)) < 0)
		return err_set(e, errno, "write %s to %s", text, path);
	return 0;
}

int fd_replace_file(int dir_fd, const char *name, const char *temporary, mode_t mode,
		    const void *data, size_t len, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	int rc = fd < 0 ? -errno : fd_write_all(fd, data, len);
	if (rc == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		rc = -errno;
	return rc < 0 ? err_set(e, -rc, "write %s", name) : 0;
}

int fd_remove_file(int dir_fd, const char *path, struct err *e)
{
	if (unlinkat(dir_fd, path, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove %s", path);
	return 0;
}

DIR *fd_open_dir(int dir_fd, const char *path)
{
	AUTO_FD fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir)
		fd_steal(&fd); /* closedir closes it */
	return dir;
}

bool fd_has_name(int fd, int dir_fd, const char *name)
{
	struct stat mine, there;
	return fstat(fd, &mine) == 0 && fstatat(dir_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       mine.st_ino == there.st_ino;
}
