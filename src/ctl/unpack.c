/* SPDX-License-Identifier: MIT */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "lib/fd.h"

struct unpack_directory {
	struct unpack_directory *next;
	size_t number; /* in the archive's order */
	mode_t mode;
	int64_t mtime;
	char name[];
};

/* A file of this side. */
static int fail(const struct unpack *u, const char *what)
{
	if (errno == ELOOP || errno == ENOTDIR)
		return err_say(u->e, EIO,
			       "%s %.200s: a link or a file is in the place of a directory", what,
			       u->entry.name);
	return err_say(u->e, EIO, "%s %.200s: %s", what, u->entry.name, strerror(errno));
}

/* Read all of len bytes, as tar_reader wants it. */
static int read_all(void *owner, void *data, size_t len, struct err *e)
{
	struct unpack *u = owner;
	char *at = data;
	while (len > 0) {
		ssize_t n = u->read(u->owner, at, len, e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return err_say(e, ENODATA, "the tar archive ends in %.200s", u->entry.name);
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The directory that the name is in, borrowed; *base is its last part. */
static int open_parent(struct unpack *u, const char *name, const char **base)
{
	const char *slash = strrchr(name, '/');
	size_t len = slash ? (size_t)(slash - name) : 0;
	*base = slash ? slash + 1 : name;
	if (u->parent_fd >= 0 && strlen(u->parent) == len && memcmp(u->parent, name, len) == 0)
		return u->parent_fd;
	fd_close(&u->parent_fd);
	memcpy(u->parent, name, len);
	u->parent[len] = '\0';
	u->parent_fd = beneath_make(u->root_fd, u->parent);
	return u->parent_fd;
}

/* Whether what is in the way of a new file, if errno says that, is gone: a file or a link. */
static bool make_room(int dir_fd, const char *base)
{
	return errno == EEXIST && unlinkat(dir_fd, base, 0) == 0;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* Blocks of zeros become holes. */
static int receive(struct unpack *u, int fd)
{
	for (uint64_t left = u->entry.size; left > 0;) {
		size_t len = left < sizeof(u->block) ? (size_t)left : sizeof(u->block);
		int rc = read_all(u, u->block, len, u->e);
		if (rc < 0)
			return rc;
		if (is_zero(u->block, len))
			rc = lseek(fd, (off_t)len, SEEK_CUR) < 0 ? -errno : 0;
		else
			rc = fd_write_all(fd, u->block, len);
		if (rc < 0) {
			errno = -rc;
			return fail(u, "write");
		}
		left -= len;
	}
	/* It may end in a hole. */
	if (ftruncate(fd, (off_t)u->entry.size) < 0)
		return fail(u, "write");
	return read_all(u, u->block, tar_padding(u->entry.size), u->e);
}

static int settle(const struct unpack *u, int fd, mode_t mode, int64_t mtime)
{
	const struct timespec at[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};
	if (fchmod(fd, mode & 0777 & ~u->mask) < 0 || futimens(fd, at) < 0)
		return fail(u, "set up");
	return 0;
}

static int unpack_file(struct unpack *u)
{
	const char *base;
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int dir = open_parent(u, u->entry.name, &base);
	if (dir < 0)
		return fail(u, "make");
	AUTO_FD fd = openat(dir, base, flags, 0600);
	if (fd < 0 && make_room(dir, base))
		fd = openat(dir, base, flags, 0600);
	if (fd < 0)
		return fail(u, "make");
	int rc = receive(u, fd);
	if (rc == 0)
		rc = settle(u, fd, u->entry.mode, u->entry.mtime);
	if (rc < 0)
		unlinkat(dir, base, 0); /* half a file is none */
	return rc;
}

static int keep_directory(struct unpack *u)
{
	size_t len = strlen(u->entry.name);
	size_t bytes = sizeof(struct unpack_directory) + sizeof(void *) + len + 1;
	if (bytes > CTL_DIRECTORIES_BYTES - u->directories_bytes)
		return err_say(u->e, EPROTO, "the tar archive has more than %d MiB of directories",
			       CTL_DIRECTORIES_BYTES >> 20);
	struct unpack_directory *d = malloc(sizeof(*d) + len + 1);
	if (!d)
		return err_set(u->e, ENOMEM, "keep %.200s", u->entry.name);
	d->next = u->directories;
	d->number = u->directories_count++;
	d->mode = u->entry.mode;
	d->mtime = u->entry.mtime;
	memcpy(d->name, u->entry.name, len + 1);
	u->directories = d;
	u->directories_bytes += bytes;
	return 0;
}

/* One that is there stays, and may be written into until all is unpacked. */
static int unpack_directory(struct unpack *u)
{
	struct stat st;
	const char *base;
	int dir = open_parent(u, u->entry.name, &base);
	if (dir < 0)
		return fail(u, "make");
	bool is_new = mkdirat(dir, base, 0700) == 0;
	if (!is_new && errno == EEXIST && fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(st.st_mode)) {
		errno = EEXIST;
		is_new = make_room(dir, base) && mkdirat(dir, base, 0700) == 0;
	}
	if (!is_new && errno != EEXIST)
		return fail(u, "make");
	AUTO_FD fd = beneath_open(u->root_fd, u->entry.name, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(u, "open");
	if ((st.st_mode & 0700) != 0700 && fchmod(fd, (st.st_mode & 0777) | 0700) < 0)
		return fail(u, "set up");
	return keep_directory(u);
}

static int unpack_link(struct unpack *u)
{
	const struct timespec at[2] = {{.tv_sec = u->entry.mtime}, {.tv_sec = u->entry.mtime}};
	const char *base, *target = u->entry.target;
	int dir = open_parent(u, u->entry.name, &base);
	if (dir < 0 ||
	    (symlinkat(target, dir, base) < 0 &&
	     (!make_room(dir, base) || symlinkat(target, dir, base) < 0)) ||
	    utimensat(dir, base, at, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(u, "make");
	return 0;
}

static bool is_same(int a_fd, const char *a, int b_fd, const char *b)
{
	struct stat sa, sb;
	return fstatat(a_fd, a, &sa, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(b_fd, b, &sb, AT_SYMLINK_NOFOLLOW) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static int leave_out(struct unpack *u)
{
	u->has_left_out = true;
	u->left_out(u->owner, u->entry.name);
	return 0;
}

/* linkat(2) doesn't follow a link that is the target itself. */
static int unpack_hard_link(struct unpack *u)
{
	const char *base, *target_base;
	if (tar_clean_name(u->entry.target) < 0 || u->entry.target[0] == '\0')
		return err_say(u->e, EPROTO,
			       "the tar archive has a hard link that leads out of it: %.200s",
			       u->entry.name);
	const char *slash = strrchr(u->entry.target, '/');
	char parent[TAR_NAME_BYTES] = "";
	memcpy(parent, u->entry.target, slash ? (size_t)(slash - u->entry.target) : 0);
	target_base = slash ? slash + 1 : u->entry.target;
	AUTO_FD from = beneath_open(u->root_fd, parent, O_PATH);
	if (from < 0)
		return fail(u, "link");
	int dir = open_parent(u, u->entry.name, &base);
	if (dir < 0)
		return fail(u, "link");
	if (linkat(from, target_base, dir, base, 0) == 0)
		return 0;
	if (errno == ENOENT && u->has_left_out) /* another name of a FIFO */
		return leave_out(u);
	if (errno == EEXIST && is_same(from, target_base, dir, base))
		return 0;
	if (!make_room(dir, base) || linkat(from, target_base, dir, base, 0) < 0)
		return fail(u, "link");
	return 0;
}

static int unpack_one(struct unpack *u)
{
	if (tar_clean_name(u->entry.name) < 0)
		return err_say(u->e, EPROTO, "the tar archive has a name with ..: %.200s",
			       u->entry.name);
	if (u->entry.name[0] == '\0') { /* the directory itself */
		if (u->entry.type == TAR_DIRECTORY)
			return 0;
		return err_say(u->e, EPROTO, "the tar archive has an entry without a name");
	}
	switch (u->entry.type) {
	case TAR_FILE:
		return unpack_file(u);
	case TAR_DIRECTORY:
		return unpack_directory(u);
	case TAR_HARD_LINK:
		return unpack_hard_link(u);
	case TAR_LINK:
		return unpack_link(u);
	case TAR_FIFO:
	case TAR_CHARACTER_DEVICE:
	case TAR_BLOCK_DEVICE:
		return leave_out(u);
	}
	return 0;
}

/* For sorting. */
struct place {
	const struct unpack_directory *directory;
};

/* What is deeper comes first, as it may not be reached later; of two of the same name, the later
 * one does. */
static int compare(const void *a, const void *b)
{
	const struct place *pa = a, *pb = b;
	int order = strcmp(pb->directory->name, pa->directory->name);
	if (order != 0)
		return order;
	return pa->directory->number < pb->directory->number ? 1 : -1;
}

static int settle_directories(struct unpack *u, const struct place *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct unpack_directory *d = places[i].directory;
		if (i > 0 && strcmp(d->name, places[i - 1].directory->name) == 0)
			continue;
		strcpy(u->entry.name, d->name); /* for messages */
		AUTO_FD fd = beneath_open(u->root_fd, d->name, O_RDONLY);
		if (fd < 0)
			return fail(u, "open");
		int rc = settle(u, fd, d->mode, d->mtime);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int finish(struct unpack *u)
{
	size_t count = 0;
	struct place *places = calloc(u->directories_count + 1, sizeof(*places));
	if (!places)
		return err_set(u->e, ENOMEM, "sort directories");
	for (const struct unpack_directory *d = u->directories; d; d = d->next)
		places[count++].directory = d;
	qsort(places, count, sizeof(*places), compare);
	int rc = settle_directories(u, places, count);
	free(places);
	return rc;
}

static int unpack_all(struct unpack *u)
{
	int rc;
	while ((rc = tar_read(&u->reader, &u->entry, u->e)) > 0) {
		rc = unpack_one(u);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : finish(u);
}

int unpack(struct unpack *u, struct err *e)
{
	u->e = e;
	u->reader.read = read_all;
	u->reader.owner = u;
	u->parent_fd = -1;
	u->mask = umask(0);
	umask(u->mask);
	int rc = unpack_all(u);
	fd_close(&u->parent_fd);
	for (struct unpack_directory *d = u->directories, *next; d; d = next) {
		next = d->next;
		free(d);
	}
	if (rc == -EBADMSG || rc == -ENODATA)
		e->number = EPROTO;
	return rc < 0 ? -e->number : 0;
}
