/* SPDX-License-Identifier: MIT */
#include "tar_pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "tar_read.h"

struct tar_pack_linked {
	dev_t dev;
	ino_t ino;
	struct tar_pack_linked *next;
	char name[];
};

static int put(struct tar_packer *p, const void *bytes, uint64_t len)
{
	if (len > p->max_bytes - p->bytes)
		return err_say(p->e, EFBIG, "with %.100s it is above %llu bytes", p->entry.name,
			       (unsigned long long)p->max_bytes);
	p->bytes += len;
	return p->write && len > 0 ? p->write(p->owner, bytes, (size_t)len, p->e) : 0;
}

static int write_header(struct tar_packer *p)
{
	return put(p, p->header, tar_write_header(&p->entry, p->header));
}

/* If another name of it is in the archive already, it becomes a link to that. */
static int find_link(struct tar_packer *p, const struct stat *st)
{
	struct tar_pack_linked **bucket = &p->linked[st->st_ino % TAR_PACK_BUCKETS];
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return 0;
	for (const struct tar_pack_linked *l = *bucket; l; l = l->next)
		if (l->ino == st->st_ino && l->dev == st->st_dev) {
			p->entry.type = TAR_HARD_LINK;
			p->entry.size = 0;
			strcpy(p->entry.target, l->name);
			return 1;
		}
	size_t len = strlen(p->entry.name);
	struct tar_pack_linked *l = malloc(sizeof(*l) + len + 1);
	if (!l)
		return err_set(p->e, ENOMEM, "keep a name");
	l->dev = st->st_dev;
	l->ino = st->st_ino;
	l->next = *bucket;
	memcpy(l->name, p->entry.name, len + 1);
	*bucket = l;
	return 0;
}

/* As many bytes as the header says; one that has become shorter ends the archive. */
static int write_data(struct tar_packer *p, int fd, uint64_t size)
{
	static const uint8_t zeros[TAR_BLOCK];
	if (!p->write)
		return put(p, NULL, size) < 0 ? -p->e->number : put(p, NULL, tar_padding(size));
	p->is_in_data = true;
	for (uint64_t left = size; left > 0;) {
		size_t len = left < sizeof(p->block) ? (size_t)left : sizeof(p->block);
		ssize_t n = fd_read_all(fd, p->block, len);
		if (n < 0)
			return err_set(p->e, (int)-n, "read %s", p->entry.name);
		if (n == 0)
			return err_say(p->e, ENODATA, "%s has become shorter", p->entry.name);
		if (put(p, p->block, (uint64_t)n) < 0)
			return -p->e->number;
		left -= (uint64_t)n;
	}
	p->is_in_data = false;
	return put(p, zeros, tar_padding(size));
}

static void describe(struct tar_packer *p, const struct stat *st)
{
	struct tar_entry *entry = &p->entry;
	entry->type = S_ISDIR(st->st_mode)    ? TAR_DIRECTORY
		      : S_ISFIFO(st->st_mode) ? TAR_FIFO
		      : S_ISLNK(st->st_mode)  ? TAR_LINK
					      : TAR_FILE;
	entry->mode = st->st_mode & 07777;
	entry->uid = p->has_owner ? p->uid : st->st_uid;
	entry->gid = p->has_owner ? p->gid : st->st_gid;
	entry->mtime = st->st_mtime;
	entry->size = entry->type == TAR_FILE ? (uint64_t)st->st_size : 0;
	entry->target[0] = '\0';
}

static int pack_open_file(struct tar_packer *p, int fd, const struct stat *st)
{
	describe(p, st);
	int linked = find_link(p, st);
	if (linked < 0)
		return linked;
	int rc = write_header(p);
	return rc < 0 || linked ? rc : write_data(p, fd, p->entry.size);
}

static int pack_regular(struct tar_packer *p, int dir_fd, const char *name)
{
	struct stat st;
	AUTO_FD fd =
		openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENXIO))
		return 0; /* it was replaced in this moment */
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(p->e, errno, "open %s", p->entry.name);
	return S_ISREG(st.st_mode) ? pack_open_file(p, fd, &st) : 0;
}

static int pack_special(struct tar_packer *p, int dir_fd, const char *name, const struct stat *st)
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

static int pack_open_directory(struct tar_packer *p, DIR *dir);

static int pack_below(struct tar_packer *p, int dir_fd, const char *name)
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
	rc = pack_open_directory(p, dir);
	closedir(dir);
	return rc;
}

static int pack_one(struct tar_packer *p, int dir_fd, const char *name)
{
	struct stat st;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(p->e, errno, "look at %s", p->entry.name);
	if (S_ISDIR(st.st_mode))
		return pack_below(p, dir_fd, name);
	if (S_ISREG(st.st_mode))
		return pack_regular(p, dir_fd, name);
	if (S_ISLNK(st.st_mode) || S_ISFIFO(st.st_mode))
		return pack_special(p, dir_fd, name, &st);
	if (p->left_out)
		p->left_out(p->owner, p->entry.name);
	return 0;
}

/* It recurses: a path of 4095 bytes has 2048 levels at most, and what is deeper is refused. */
static int pack_open_directory(struct tar_packer *p, DIR *dir)
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

int tar_pack_directory(struct tar_packer *p, int dir_fd, struct err *e)
{
	p->e = e;
	p->entry.name[0] = '\0';
	DIR *dir = fd_open_dir(dir_fd, ".");
	if (!dir)
		return err_set(e, errno, "read it");
	int rc = pack_open_directory(p, dir);
	closedir(dir);
	return rc;
}

int tar_pack_file(struct tar_packer *p, int fd, const char *name, struct err *e)
{
	struct stat st;
	p->e = e;
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at it");
	strcpy(p->entry.name, name);
	return pack_open_file(p, fd, &st);
}

int tar_pack_end(struct tar_packer *p, struct err *e)
{
	static const uint8_t end[2 * TAR_BLOCK];
	p->e = e;
	p->entry.name[0] = '\0';
	return put(p, end, sizeof(end));
}

int tar_pack_cut_off(struct tar_packer *p, struct err *e)
{
	p->e = e;
	p->entry = (struct tar_entry){.type = TAR_FILE, .size = 1, .name = "CUT-OFF"};
	return p->is_in_data ? 0 : write_header(p);
}

void tar_pack_free(struct tar_packer *p)
{
	for (size_t i = 0; i < TAR_PACK_BUCKETS; i++)
		for (struct tar_pack_linked *l = p->linked[i], *next; l; l = next) {
			next = l->next;
			free(l);
		}
	memset(p->linked, 0, sizeof(p->linked));
}
