/* SPDX-License-Identifier: MIT */
#include "modules.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"

#define SUFFIX ".squashfs"

bool modules_is_name(const char *text, size_t len)
{
	if (len < 5 || len > LIMIT_MODULE_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool good = i < 3    ? isdigit(c)
			    : i == 3 ? c == '-'
			    : i == 4 ? isalnum(c)
				     : isalnum(c) || (c != '\0' && strchr("._+-", c));
		if (!good)
			return false;
	}
	return true;
}

#define FILE_BYTES (LIMIT_MODULE_BYTES + sizeof(SUFFIX))

static const char *file_of(char file[FILE_BYTES], const char *name)
{
	snprintf(file, FILE_BYTES, "%s" SUFFIX, name);
	return file;
}

int modules_open(const struct server *s, const char *name, struct err *e)
{
	char file[FILE_BYTES];
	file_of(file, name);
	int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	AUTO_FD fd = openat(s->modules_fd, file, flags);
	if (fd < 0 && errno == ENOENT)
		fd = openat(s->builtin_fd, file, flags);
	if (fd < 0 && errno == ENOENT)
		return err_say(e, ENOENT, "there is no module %s", name);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open module %s", name);
	if (!S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "module %s is not a regular file", name);
	return fd_steal(&fd);
}

static bool has_file(int dir_fd, const char *file)
{
	return faccessat(dir_fd, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

bool modules_has_file(const struct server *s, const char *name, bool *builtin)
{
	char file[FILE_BYTES];
	*builtin = !has_file(s->modules_fd, file_of(file, name));
	return !*builtin || has_file(s->builtin_fd, file);
}

int modules_add(const struct server *s, const char *name, int file_fd, struct err *e)
{
	char file[FILE_BYTES];
	if (fsync(file_fd) < 0)
		return err_set(e, errno, "sync module %s", name);
	/* It replaces nothing. */
	if (linkat(file_fd, "", s->modules_fd, file_of(file, name), AT_EMPTY_PATH) < 0)
		return err_set(e, errno, "save module %s", name);
	if (fsync(s->modules_fd) == 0)
		return 0;
	int rc = err_set(e, errno, "sync modules");
	unlinkat(s->modules_fd, file, 0);
	return rc;
}

int modules_remove(const struct server *s, const char *name, struct err *e)
{
	char file[FILE_BYTES];
	if (unlinkat(s->modules_fd, file_of(file, name), 0) < 0 || fsync(s->modules_fd) < 0)
		return err_set(e, errno, "remove module %s", name);
	return 0;
}

static unsigned count_users(const struct server *s, const char *name)
{
	char path[LIMIT_MODULE_BYTES + 32];
	unsigned count = 0;
	snprintf(path, sizeof(path), "layers/%s/users", name);
	DIR *dir = fd_open_dir(s->run_fd, path);
	for (struct dirent *d; dir && (d = readdir(dir));)
		count += d->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

/* Visit the modules in one directory, but for those that hidden_by_fd (or -1) has as well. */
static int visit_dir(const struct server *s, int dir_fd, int hidden_by_fd,
		     void (*visit)(const struct module *m, void *arg), void *arg, struct err *e)
{
	DIR *dir = fd_open_dir(dir_fd, ".");
	if (!dir)
		return err_set(e, errno, "read modules");
	for (struct dirent *d; (d = readdir(dir));) {
		size_t len = strlen(d->d_name);
		size_t suffix = sizeof(SUFFIX) - 1;
		struct stat st;
		if (len < suffix || strcmp(d->d_name + len - suffix, SUFFIX) != 0 ||
		    !modules_is_name(d->d_name, len - suffix) ||
		    fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (hidden_by_fd >= 0 && faccessat(hidden_by_fd, d->d_name, F_OK, 0) == 0)
			continue;
		struct module m = {.size = (uint64_t)st.st_size,
				   .builtin = dir_fd == s->builtin_fd};
		memcpy(m.name, d->d_name, len - suffix);
		m.users = count_users(s, m.name);
		visit(&m, arg);
	}
	closedir(dir);
	return 0;
}

int modules_each(const struct server *s, void (*visit)(const struct module *m, void *arg),
		 void *arg, struct err *e)
{
	int rc = visit_dir(s, s->modules_fd, -1, visit, arg, e);
	return rc < 0 ? rc : visit_dir(s, s->builtin_fd, s->modules_fd, visit, arg, e);
}
