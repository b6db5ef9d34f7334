/* SPDX-License-Identifier: MIT */
/* How what has come gets its name: whole, or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

int files_make(int dir_fd, struct err *e)
{
	int fd = openat(dir_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	return fd < 0 ? err_set(e, errno, "make a file") : fd;
}

const char *files_temporary(void)
{
	static char name[32];
	snprintf(name, sizeof(name), ".box-files.%d", (int)getpid());
	return name;
}

int files_place(int fd, int dir_fd, const char *name, struct err *e)
{
	const char *temporary = files_temporary();
	if (linkat(fd, "", dir_fd, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != EEXIST)
		return err_set(e, errno, "make %s", name);
	unlinkat(dir_fd, temporary, 0); /* of one that was killed in this moment */
	if (linkat(fd, "", dir_fd, temporary, AT_EMPTY_PATH) < 0)
		return err_set(e, errno, "make %s", temporary);
	if (renameat(dir_fd, temporary, dir_fd, name) == 0)
		return 0;
	err_set(e, errno, "replace %s", name);
	unlinkat(dir_fd, temporary, 0);
	return -e->number;
}

int files_make_parents(const char *path, struct err *e)
{
	char part[PATH_MAX];
	for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return err_set(e, errno, "make %s", part);
	}
	return 0;
}
