/* SPDX-License-Identifier: MIT */
/* From a tree to an archive. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "lib/fd.h"
#include "tar_read.h"
#include "tar_write.h"

/* A file that has several names: the first that was met. */
struct linked {
	dev_t dev;
	ino_t ino;
	char *name;
	struct linked *next;
};

#define BUCKETS 1024

struct packer {
	struct tar_entry entry; /* its name grows and shrinks with the path */
	struct linked *linked[BUCKETS];
	bool in_data; /* a file's have begun, and are not all there */
	struct err *e;
};

static int write_header(struct packer *p)
{
	static uint8_t header[TAR_HEADER_BYTES];
	size_t len = tar_write_header(&p->entry, header);
	return files_write(header, len, p->e);
}

/* If another name of it is in the archive already, it becomes a link to that. */
static int find_link(struct packer *p, const struct stat *st)
{
	struct linked **bucket = &p->linked[st->st_ino % BUCKETS];
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return 0;
	for (const struct linked *l = *bucket; l; l = l->next)
		if (l->ino == st->st_ino && l->dev == st->st_dev) {
			p->entry.type = TAR_HARD_LINK;
			p->entry.size = 0;
			strcpy(p->entry.target, l->name);
			return 1;
		}
	struct linked *l = malloc(sizeof(*l));
	char *name = strdup(p->entry.name);
	if (!l || !name) {
		free(l);
		free(name);
		return err_set(p->e, ENOMEM, "keep a name");
	}
	*l = (struct linked){.dev = st->st_dev, .ino = st->st_ino, .name = name, .next = *bucket};
	*bucket = l;
	return 0;
}

/* As many bytes as the header says; one that has become shorter ends the archive. */
static int write_data(struct packer *p, int fd, uint64_t size)
{
	static uint8_t block[FILES_BLOCK_BYTES];
	static const uint8_t zeros[TAR_BLOCK];
	p->in_data = true;
	for (uint64_t left = size; left > 0;) {
		size_t len = left < sizeof(block) ? (size_t)left : sizeof(block);
		ssize_t n = fd_read_all(fd, block, len);
		if (n < 0)
			return err_set(p->e, (int)-n, "read %s", p->entry.name);
		if (n == 0)
			return err_say(p->e, ENODATA, "%s has become shorter", p->entry.name);
		if (files_write(block, (size_t)n, p->e) < 0)
			return -p->e->number;
		left -= (uint64_t)n;
	}
	p->in_data = false;
	return files_write(zeros, tar_padding(size), p->e);
}

static void describe(struct packer *p, const struct stat *st)
{
	struct tar_entry *entry = &p->entry;
	entry->type = S_ISDIR(st->st_mode)    ? TAR_DIRECTORY
		      : S_ISFIFO(st->st_mode) ? TAR_FIFO
		      : S_ISLNK(st->st_mode)  ? TAR_LINK
					      : TAR_FILE;
	entry->mode = st->st_mode & 07777;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->mtime = st->st_mtime;
	entry->size = entry->type == TAR_FILE ? (uint64_t)st->st_size : 0;
	entry->target[0] = '\0';
}

static int pack_file(struct packer *p, int dir_fd, const char *name)
{
	struct stat st;
	AUTO_FD fd =
		openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENXIO))
		return 0; /* it was replaced in this moment */
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(p->e, errno, "open %s", p->entry.name);
	if (!S_ISREG(st.st_mode))
		return 0;
	describe(p, &st);
	int linked = find_link(p, &st);
	if (linked < 0)
		return linked;
	int rc = write_header(p);
	return rc < 0 || linked ? rc : write_data(p, fd, p->entry.size);
}

static int pack_special(struct packer *p, int dir_fd, const char *name, const struct stat *st)
{
	describe(p, st);
	if (p->entry.type == TAR_LINK) {
		ssize_t n = readlinkat(dir_fd, name, p->entry.target, TAR_NAME_BYTES - 1);
		if (n <= 0)
			return 0; /* it was replaced in this moment */
		p->entry.target[n] = '\0';
	}
	int rc = find_link(p, st);
	return rc < 0 ? rc : write_header(p);
}

static int pack_directory(struct packer *p, DIR *dir);

static int pack_below(struct packer *p, int dir_fd, const char *name)
{
	struct stat st;
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(p->e, errno, "open %s", p->entry.name);
	describe(p, &st);
	int rc = write_header(p);
	if (rc < 0)
		return rc;
	DIR *dir = fdopendir(fd);
	if (!dir)
		return err_set(p->e, errno, "read %s", p->entry.name);
	fd_steal(&fd);
	rc = pack_directory(p, dir);
	closedir(dir);
	return rc;
}

/* Sockets and devices are left out. */
static int pack_one(struct packer *p, int dir_fd, const char *name)
{
	struct stat st;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(p->e, errno, "look at %s", p->entry.name);
	if (S_ISDIR(st.st_mode))
		return pack_below(p, dir_fd, name);
	if (S_ISREG(st.st_mode))
		return pack_file(p, dir_fd, name);
	if (S_ISLNK(st.st_mode) || S_ISFIFO(st.st_mode))
		return pack_special(p, dir_fd, name, &st);
	return 0;
}

/* It recurses: a path of 4095 bytes has 2048 levels at most, and what is deeper is refused. */
static int pack_directory(struct packer *p, DIR *dir)
{
	char *path = p->entry.name;
	size_t len = strlen(path);
	errno = 0;
	for (struct dirent *d; (d = readdir(dir)); errno = 0) {
		size_t name_len = strlen(d->d_name);
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (len + 1 + name_len + 1 >= TAR_NAME_BYTES) /* and its slash */
			return err_set(p->e, ENAMETOOLONG, "pack %.100s...", path);
		if (len > 0)
			path[len] = '/';
		memcpy(path + len + (len > 0), d->d_name, name_len + 1);
		int rc = pack_one(p, dirfd(dir), d->d_name);
		path[len] = '\0';
		if (rc < 0)
			return rc;
	}
	return errno ? err_set(p->e, errno, "read %s", path) : 0;
}

/* A file alone has the last part of its path for a name. */
static int pack_alone(struct packer *p, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	size_t len = strlen(name);
	struct stat st;
	if (stat(path, &st) < 0)
		return err_set(p->e, errno, "look at it");
	if (!S_ISREG(st.st_mode) || len >= TAR_NAME_BYTES)
		return err_say(p->e, EISDIR, "it is neither a file nor a directory");
	const struct files_head head = {.kind = FILES_ANSWER};
	AUTO_FD fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(p->e, errno, "open it");
	memcpy(p->entry.name, name, len + 1);
	describe(p, &st);
	int rc = files_answer(&head, p->e);
	if (rc == 0)
		rc = write_header(p);
	return rc < 0 ? rc : write_data(p, fd, p->entry.size);
}

static int pack_tree(struct packer *p, DIR *dir)
{
	const struct files_head head = {.kind = FILES_ANSWER};
	int rc = files_answer(&head, p->e);
	return rc < 0 ? rc : pack_directory(p, dir);
}

/* An archive that stops between two entries looks whole to most programs: let it stop in one. */
static void cut_off(struct packer *p)
{
	struct err ignored;
	p->entry = (struct tar_entry){.type = TAR_FILE, .size = 1, .name = "CUT-OFF"};
	if (files_have_answered() && (p->in_data || write_header(p) == 0))
		files_flush(&ignored);
}

/* Memory goes with the process. */
int files_pack(const char *path, struct err *e)
{
	static struct packer packer;
	static const uint8_t end[2 * TAR_BLOCK];
	struct packer *p = &packer;
	p->e = e;
	DIR *dir = opendir(path);
	if (!dir && errno != ENOTDIR)
		return err_set(e, errno, "open it");
	int rc = dir ? pack_tree(p, dir) : pack_alone(p, path);
	if (dir)
		closedir(dir);
	if (rc < 0)
		cut_off(p);
	return rc < 0 ? rc : files_write(end, sizeof(end), e);
}
