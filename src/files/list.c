/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "lib/fd.h"
#include "lib/limits.h"

struct name {
	char text[FILES_NAME_BYTES + 1];
};

struct names {
	struct name *name;
	size_t count, room;
};

static int compare(const void *a, const void *b)
{
	const struct name *na = a, *nb = b;
	return strcmp(na->text, nb->text);
}

static int add(struct names *n, const char *name, struct err *e)
{
	if (n->count == LIMIT_FILES_LISTED)
		return err_say(e, EFBIG, "it has more than %d entries", LIMIT_FILES_LISTED);
	if (n->count == n->room) {
		size_t room = n->room ? n->room * 2 : 256;
		struct name *more = realloc(n->name, room * sizeof(*more));
		if (!more)
			return err_set(e, ENOMEM, "list it");
		n->name = more;
		n->room = room;
	}
	struct name *copy = &n->name[n->count];
	size_t len = strlen(name);
	if (len > FILES_NAME_BYTES)
		return err_set(e, ENAMETOOLONG, "list %.100s...", name);
	memcpy(copy->text, name, len + 1);
	n->count++;
	return 0;
}

static int read_names(int fd, struct names *n, struct err *e)
{
	int rc = 0;
	DIR *dir = fd_open_dir(fd, ".");
	if (!dir)
		return err_set(e, errno, "read it");
	errno = 0;
	for (struct dirent *d; rc == 0 && (d = readdir(dir)); errno = 0)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			rc = add(n, d->d_name, e);
	if (rc == 0 && errno)
		rc = err_set(e, errno, "read it");
	closedir(dir);
	return rc;
}

static enum files_type type_of(mode_t mode)
{
	if (S_ISREG(mode))
		return FILES_FILE;
	if (S_ISDIR(mode))
		return FILES_DIRECTORY;
	if (S_ISLNK(mode))
		return FILES_LINK;
	if (S_ISFIFO(mode))
		return FILES_FIFO;
	return S_ISSOCK(mode) ? FILES_SOCKET : FILES_DEVICE;
}

static uint64_t time_of(int64_t seconds)
{
	if (seconds < 0)
		return 0;
	return seconds < FILES_TIME_MAX ? (uint64_t)seconds : FILES_TIME_MAX;
}

static int write_entry(int fd, const char *name, struct err *e)
{
	char target[LIMIT_PATH_BYTES];
	struct stat st;
	ssize_t len = 0;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "look at %s", name);
	if (S_ISLNK(st.st_mode))
		len = readlinkat(fd, name, target, sizeof(target));
	if (len < 0)
		return errno == ENOENT || errno == EINVAL ? 0 : err_set(e, errno, "read %s", name);
	const struct files_entry_head head = {
		.size = (uint64_t)st.st_size,
		.mtime = time_of(st.st_mtime),
		.mode = st.st_mode & 07777,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.type = (uint16_t)type_of(st.st_mode),
		.name_len = (uint16_t)strlen(name),
		.target_len = (uint16_t)len,
	};
	int rc = files_write(&head, sizeof(head), e);
	if (rc == 0)
		rc = files_write(name, head.name_len, e);
	return rc < 0 ? rc : files_write(target, (size_t)len, e);
}

int files_list(const char *path, struct err *e)
{
	const struct files_head head = {.kind = FILES_ANSWER};
	struct names names = {0};
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open it");
	int rc = read_names(fd, &names, e);
	if (rc == 0)
		rc = files_answer(&head, e);
	if (names.count > 0)
		qsort(names.name, names.count, sizeof(*names.name), compare);
	for (size_t i = 0; rc == 0 && i < names.count; i++)
		rc = write_entry(fd, names.name[i].text, e);
	free(names.name);
	return rc;
}
