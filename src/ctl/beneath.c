/* SPDX-License-Identifier: MIT */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/fd.h"

/* The next part of *name, which *name is moved behind. */
static const char *next_part(const char **name, char part[NAME_MAX + 1])
{
	size_t len = strcspn(*name, "/");
	if (len > NAME_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(part, *name, len);
	part[len] = '\0';
	*name += len;
	*name += **name == '/';
	return part;
}

/* No part can be a link, as each is opened alone, and none is "..". With make, what isn't there is
 * made. */
static int walk(int root_fd, const char *name, int flags, bool make)
{
	char part[NAME_MAX + 1];
	AUTO_FD at = openat(root_fd, ".", (*name ? O_PATH : flags) | O_DIRECTORY | O_CLOEXEC);
	while (at >= 0 && *name) {
		if (!next_part(&name, part))
			return -1;
		if (make && mkdirat(at, part, 0777) < 0 && errno != EEXIST)
			return -1;
		int below = openat(at, part,
				   (*name ? O_PATH : flags) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		fd_close(&at);
		at = below;
	}
	return fd_steal(&at);
}

int beneath_open(int root_fd, const char *name, int flags)
{
	struct open_how how = {.flags = (unsigned)flags | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					  RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, root_fd, *name ? name : ".", &how, sizeof(how));
	/* Older filters of system calls, as containers have them, answer EPERM to what they don't
	 * know. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return walk(root_fd, name, flags, false);
	return fd;
}

int beneath_make(int root_fd, const char *name)
{
	int fd = beneath_open(root_fd, name, O_PATH);
	return fd < 0 && errno == ENOENT ? walk(root_fd, name, O_PATH, true) : fd;
}
