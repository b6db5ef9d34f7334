/* SPDX-License-Identifier: MIT */
#include "snapshots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "meta_text.h"

#define DIRECTORY "snapshots"
#define FILE_SUFFIX ".squashfs"
#define RECORD_SUFFIX ".json"
#define NEXT DIRECTORY "/new" /* no snapshot has that name */
#define PATH_BYTES (LIMIT_MODULE_BYTES + 32)

static const char *path_of(char path[PATH_BYTES], const char *name, const char *suffix)
{
	snprintf(path, PATH_BYTES, DIRECTORY "/%s%s", name, suffix);
	return path;
}

/* Whether the file's name is that of a snapshot's file or record, which suffix says. */
static bool has_name(const char *file, const char *suffix, char name[LIMIT_MODULE_BYTES + 1])
{
	size_t len = strlen(file), tail = strlen(suffix);
	if (len <= tail || strcmp(file + len - tail, suffix) != 0 ||
	    !snapshot_is_name(file, len - tail, NULL))
		return false;
	memcpy(name, file, len - tail);
	name[len - tail] = '\0';
	return true;
}

static uint64_t k_of(const char *name)
{
	uint64_t k = 0;
	snapshot_is_name(name, strlen(name), &k);
	return k;
}

static int compare_k(const void *a, const void *b)
{
	uint64_t ka = k_of(a), kb = k_of(b);
	return (ka > kb) - (ka < kb);
}

void snapshots_list(int dir_fd, struct snapshot_names *names)
{
	char path[PATH_BYTES];
	names->count = 0;
	DIR *dir = fd_open_dir(dir_fd, DIRECTORY);
	for (struct dirent *d; dir && names->count < LIMIT_SNAPSHOTS && (d = readdir(dir));) {
		char *name = names->all[names->count];
		if (has_name(d->d_name, FILE_SUFFIX, name) &&
		    faccessat(dir_fd, path_of(path, name, RECORD_SUFFIX), F_OK, 0) == 0)
			names->count++;
	}
	if (dir)
		closedir(dir);
	qsort(names->all, names->count, sizeof(names->all[0]), compare_k);
}

/* 0; -ENOENT when there is no snapshot of that name; another -errno. */
static int stat_file(int dir_fd, const char *name, struct stat *st, struct err *e)
{
	char path[PATH_BYTES];
	if (fstatat(dir_fd, path_of(path, name, FILE_SUFFIX), st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? err_say(e, ENOENT, "there is no snapshot %s", name)
				       : err_set(e, errno, "stat %s", path);
	return 0;
}

int snapshots_load(int dir_fd, const char *name, struct snapshot *n, struct err *e)
{
	static char text[SNAPSHOT_BYTES];
	char path[PATH_BYTES];
	struct stat st;
	int rc = stat_file(dir_fd, name, &st, e);
	if (rc < 0)
		return rc;
	ssize_t len =
		fd_read_file(dir_fd, path_of(path, name, RECORD_SUFFIX), text, sizeof(text), e);
	if (len < 0)
		return (int)len;
	rc = snapshot_read((const uint8_t *)text, (size_t)len, n, e);
	if (rc == 0 && strcmp(n->name, name) != 0)
		return err_say(e, EBADMSG, "%s is the record of snapshot %s", path, n->name);
	n->size = (uint64_t)st.st_size;
	return rc;
}

int snapshots_open(int dir_fd, const char *name, struct err *e)
{
	char path[PATH_BYTES];
	int fd =
		openat(dir_fd, path_of(path, name, FILE_SUFFIX), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? err_say(e, ENOENT, "there is no snapshot %s", name)
				       : err_set(e, errno, "open %s", path);
	return fd;
}

/* The highest K of all records. */
static uint64_t find_last_k(int dir_fd)
{
	char name[LIMIT_MODULE_BYTES + 1];
	uint64_t last = 0;
	DIR *dir = fd_open_dir(dir_fd, DIRECTORY);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (has_name(d->d_name, RECORD_SUFFIX, name) && k_of(name) > last)
			last = k_of(name);
	if (dir)
		closedir(dir);
	return last;
}

uint64_t snapshots_next_k(int dir_fd)
{
	return find_last_k(dir_fd) + 1;
}

int snapshots_begin(int dir_fd, struct err *e)
{
	if (mkdirat(dir_fd, DIRECTORY, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", DIRECTORY);
	int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(dir_fd, NEXT FILE_SUFFIX, flags, 0600);
	return fd < 0 ? err_set(e, errno, "make %s", NEXT FILE_SUFFIX) : fd;
}

static int write_record(int dir_fd, const struct snapshot *n, struct err *e)
{
	static char text[SNAPSHOT_BYTES];
	struct buf out = {.data = text, .cap = sizeof(text)};
	snapshot_write(&out, n);
	if (out.full)
		return err_set(e, EFBIG, "write a snapshot's record");
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
	AUTO_FD fd = openat(dir_fd, NEXT RECORD_SUFFIX, flags, 0600);
	if (fd < 0)
		return err_set(e, errno, "make %s", NEXT RECORD_SUFFIX);
	int rc = fd_write_all(fd, out.data, out.len);
	if (rc < 0)
		return err_set(e, -rc, "write %s", NEXT RECORD_SUFFIX);
	return fsync(fd) < 0 ? err_set(e, errno, "write %s", NEXT RECORD_SUFFIX) : 0;
}

static int sync_dir(int dir_fd, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* The sandbox's directory, too: it may have got this one just now. */
	if (fd < 0 || fsync(fd) < 0 || fsync(dir_fd) < 0)
		return err_set(e, errno, "sync %s", DIRECTORY);
	return 0;
}

static int give_name(int dir_fd, const char *name, const char *suffix, struct err *e)
{
	char next[PATH_BYTES], path[PATH_BYTES];
	snprintf(next, sizeof(next), NEXT "%s", suffix);
	if (renameat(dir_fd, next, dir_fd, path_of(path, name, suffix)) < 0)
		return err_set(e, errno, "save %s", path);
	return 0;
}

int snapshots_commit(int dir_fd, int file_fd, struct snapshot *n, struct err *e)
{
	struct stat st;
	if (fsync(file_fd) < 0 || fstat(file_fd, &st) < 0)
		return err_set(e, errno, "sync the snapshot");
	n->size = (uint64_t)st.st_size;
	int rc = write_record(dir_fd, n, e);
	if (rc == 0)
		rc = give_name(dir_fd, n->name, FILE_SUFFIX, e);
	if (rc == 0)
		rc = give_name(dir_fd, n->name, RECORD_SUFFIX, e);
	return rc < 0 ? rc : sync_dir(dir_fd, e);
}

int snapshots_remove(int dir_fd, const char *name, struct err *e)
{
	struct err this;
	char path[PATH_BYTES];
	if (unlinkat(dir_fd, path_of(path, name, FILE_SUFFIX), 0) < 0)
		return err_set(e, errno, "remove %s", path);
	int rc = snapshots_sweep(dir_fd, e);
	int synced = sync_dir(dir_fd, &this);
	return err_keep_first(rc, synced, e, &this);
}

int snapshots_count_links(int dir_fd, const char *name, uint64_t *links, struct err *e)
{
	struct stat st;
	int rc = stat_file(dir_fd, name, &st, e);
	if (rc < 0)
		return rc;
	*links = st.st_nlink;
	return 0;
}

int snapshots_link(int from_fd, int to_fd, const char *name, struct err *e)
{
	static const char *const suffixes[] = {FILE_SUFFIX, RECORD_SUFFIX}; /* as in a commit */
	char path[PATH_BYTES];
	if (mkdirat(to_fd, DIRECTORY, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", DIRECTORY);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		path_of(path, name, suffixes[i]);
		if (linkat(from_fd, path, to_fd, path, 0) == 0)
			continue;
		return errno == ENOENT ? err_say(e, ENOENT, "there is no snapshot %s", name)
				       : err_set(e, errno, "link %s", path);
	}
	return sync_dir(to_fd, e);
}

static bool is_there(int dir_fd, const char *name, const char *suffix)
{
	char path[PATH_BYTES];
	return faccessat(dir_fd, path_of(path, name, suffix), F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

int snapshots_sweep(int dir_fd, struct err *e)
{
	char name[LIMIT_MODULE_BYTES + 1];
	struct err this;
	uint64_t last = find_last_k(dir_fd);
	int rc = fd_remove_file(dir_fd, NEXT FILE_SUFFIX, e);
	rc = err_keep_first(rc, fd_remove_file(dir_fd, NEXT RECORD_SUFFIX, &this), e, &this);
	DIR *dir = fd_open_dir(dir_fd, DIRECTORY);
	if (!dir && errno != ENOENT)
		rc = err_keep_first(rc, err_set(&this, errno, "read " DIRECTORY), e, &this);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		bool useless = false;
		if (has_name(d->d_name, RECORD_SUFFIX, name))
			useless = k_of(name) < last && !is_there(dir_fd, name, FILE_SUFFIX);
		else if (has_name(d->d_name, FILE_SUFFIX, name))
			useless = !is_there(dir_fd, name, RECORD_SUFFIX);
		if (useless)
			rc = err_keep_first(rc, fd_remove_file(dirfd(dir), d->d_name, &this), e,
					    &this);
	}
	if (dir)
		closedir(dir);
	unlinkat(dir_fd, DIRECTORY, AT_REMOVEDIR); /* if it is empty */
	return rc;
}

/* A file with several links counts by parts, so that they add up to one. */
static uint64_t total_of(const struct server *s, const char *id)
{
	char path[LIMIT_ID_BYTES + 16];
	uint64_t total = 0;
	struct stat st;
	snprintf(path, sizeof(path), "%.63s/" DIRECTORY, id);
	DIR *dir = fd_open_dir(s->sandboxes_fd, path);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_nlink > 0)
			total += (uint64_t)st.st_blocks * 512 / st.st_nlink;
	if (dir)
		closedir(dir);
	return total;
}

uint64_t snapshots_total(const struct server *s)
{
	uint64_t total = 0;
	DIR *dir = fd_open_dir(s->sandboxes_fd, ".");
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (meta_is_id(d->d_name, strlen(d->d_name)))
			total += total_of(s, d->d_name);
	if (dir)
		closedir(dir);
	return total;
}
