/* SPDX-License-Identifier: MIT */
/* From an archive to a tree. The archive may be anybody's: nothing is written outside of the
 * directory, whatever names and links it has; and as links are made last, nothing through one that
 * came with it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"
#include "lib/fd.h"
#include "lib/limits.h"
#include "lib/tar_read.h"

/* What is done when all else is there: links, and then the times of directories. */
struct later {
	enum tar_type type;
	uint32_t uid, gid;
	int64_t mtime;
	char *target;
	struct later *next;
	char name[];
};

struct unpacker {
	int root_fd;
	const struct files_owner *owner;
	struct tar_reader reader;
	struct tar_entry entry;
	struct later *first, **last;
	/* The directory that the entry before was in. */
	int parent_fd;
	char parent[TAR_NAME_BYTES];
	uint64_t files, bytes;
	struct err *e;
};

static int read_archive(void *owner, void *data, size_t len, struct err *e)
{
	(void)owner;
	return files_read(data, len, e);
}

/* Links that were there before lead where they lead with the directory for a root. */
static int open_inside(const struct unpacker *u, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	return (int)syscall(SYS_openat2, u->root_fd, name[0] ? name : ".", &how, sizeof(how));
}

/* The directory, made if it isn't there, as are those above it. */
static int make_directory(const struct unpacker *u, const char *name)
{
	char part[TAR_NAME_BYTES];
	AUTO_FD above = open_inside(u, "");
	size_t begin = 0;
	while (above >= 0 && name[begin]) {
		size_t len = strcspn(name + begin, "/");
		snprintf(part, sizeof(part), "%.*s", (int)(begin + len), name);
		int fd = open_inside(u, part);
		if (fd < 0 && errno == ENOENT && mkdirat(above, part + begin, 0755) == 0)
			fd = open_inside(u, part);
		fd_close(&above);
		above = fd;
		begin += len + (name[begin + len] == '/');
	}
	return fd_steal(&above);
}

/* The directory that the name is in, borrowed; *base is its last part. */
static int open_parent(struct unpacker *u, const char *name, bool make, const char **base)
{
	char parent[TAR_NAME_BYTES];
	const char *slash = strrchr(name, '/');
	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - name) : 0, name);
	*base = slash ? slash + 1 : name;
	if (u->parent_fd >= 0 && strcmp(parent, u->parent) == 0)
		return u->parent_fd;
	fd_close(&u->parent_fd);
	u->parent_fd = open_inside(u, parent);
	if (u->parent_fd < 0 && errno == ENOENT && make)
		u->parent_fd = make_directory(u, parent);
	strcpy(u->parent, parent);
	return u->parent_fd;
}

static int fail(const struct unpacker *u, const char *what)
{
	return err_set(u->e, errno, "%s %s", what, u->entry.name);
}

/* What a sandbox has no such id for is root's. */
static void set_owner(struct tar_entry *entry, const struct files_owner *owner)
{
	if (owner->is_given) {
		entry->uid = owner->uid;
		entry->gid = owner->gid;
	}
	entry->uid = entry->uid < LIMIT_IDS ? entry->uid : 0;
	entry->gid = entry->gid < LIMIT_IDS ? entry->gid : 0;
}

static int settle(const struct unpacker *u, int fd, bool times)
{
	const struct tar_entry *entry = &u->entry;
	const struct timespec at[2] = {{.tv_sec = entry->mtime}, {.tv_sec = entry->mtime}};
	if (fchown(fd, (uint32_t)entry->uid, (uint32_t)entry->gid) < 0 ||
	    fchmod(fd, entry->mode) < 0 || (times && futimens(fd, at) < 0))
		return fail(u, "set up");
	return 0;
}

static int add_later(struct unpacker *u)
{
	const struct tar_entry *entry = &u->entry;
	size_t len = strlen(entry->name);
	struct later *l = malloc(sizeof(*l) + len + 1);
	char *target = strdup(entry->target);
	if (!l || !target) {
		free(l);
		free(target);
		return err_set(u->e, ENOMEM, "keep %s", entry->name);
	}
	*l = (struct later){.type = entry->type,
			    .uid = (uint32_t)entry->uid,
			    .gid = (uint32_t)entry->gid,
			    .mtime = entry->mtime,
			    .target = target};
	memcpy(l->name, entry->name, len + 1);
	*u->last = l;
	u->last = &l->next;
	return 0;
}

static int unpack_file(struct unpacker *u)
{
	uint8_t padding[TAR_BLOCK];
	const struct tar_entry *entry = &u->entry;
	const char *base;
	int dir = open_parent(u, entry->name, true, &base);
	if (dir < 0)
		return fail(u, "make the directory of");
	AUTO_FD fd = files_make(dir, u->e);
	if (fd < 0)
		return fd;
	int rc = files_receive(fd, entry->size, u->e);
	if (rc == 0)
		rc = files_read(padding, tar_padding(entry->size), u->e);
	if (rc == 0)
		rc = settle(u, fd, true);
	if (rc == 0)
		rc = files_place(fd, dir, base, u->e);
	if (rc == 0)
		u->bytes += entry->size;
	return rc;
}

/* A link to a directory that was there before stays one; a file gives way. */
static int unpack_directory(struct unpacker *u)
{
	const char *base;
	int dir = open_parent(u, u->entry.name, true, &base);
	if (dir < 0)
		return fail(u, "make the directory of");
	if (mkdirat(dir, base, 0755) < 0 && errno != EEXIST)
		return fail(u, "make");
	AUTO_FD fd = open_inside(u, u->entry.name);
	if (fd < 0 && (errno == ENOTDIR || errno == ENOENT || errno == ELOOP)) {
		if (unlinkat(dir, base, 0) < 0 || mkdirat(dir, base, 0755) < 0)
			return fail(u, "make");
		fd = open_inside(u, u->entry.name);
	}
	if (fd < 0)
		return fail(u, "open");
	int rc = settle(u, fd, false);
	return rc < 0 ? rc : add_later(u);
}

static int unpack_fifo(struct unpacker *u)
{
	const struct tar_entry *entry = &u->entry;
	const struct timespec at[2] = {{.tv_sec = entry->mtime}, {.tv_sec = entry->mtime}};
	const char *base, *temporary = files_temporary();
	int dir = open_parent(u, entry->name, true, &base);
	if (dir < 0)
		return fail(u, "make the directory of");
	unlinkat(dir, temporary, 0);
	if (mkfifoat(dir, temporary, 0600) < 0)
		return fail(u, "make");
	if (fchownat(dir, temporary, (uint32_t)entry->uid, (uint32_t)entry->gid,
		     AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(dir, temporary, entry->mode, 0) < 0 ||
	    utimensat(dir, temporary, at, AT_SYMLINK_NOFOLLOW) < 0 ||
	    renameat(dir, temporary, dir, base) < 0) {
		fail(u, "make");
		unlinkat(dir, temporary, 0);
		return -u->e->number;
	}
	return 0;
}

/* -ENOENT: what it links to is not there; another -errno. */
static int make_hard_link(struct unpacker *u, const char *name, const char *target)
{
	const char *base, *target_base, *temporary = files_temporary();
	int dir = open_parent(u, target, false, &target_base);
	AUTO_FD from = dir < 0 ? -1 : fcntl(dir, F_DUPFD_CLOEXEC, 0);
	if (from < 0)
		return -errno;
	dir = open_parent(u, name, true, &base);
	if (dir < 0)
		return -errno;
	unlinkat(dir, temporary, 0);
	if (linkat(from, target_base, dir, temporary, 0) < 0)
		return -errno;
	int rc = renameat(dir, temporary, dir, base) < 0 ? -errno : 0;
	unlinkat(dir, temporary, 0); /* still there if both were the same file before */
	return rc;
}

static int make_link(struct unpacker *u, const struct later *l)
{
	const struct timespec at[2] = {{.tv_sec = l->mtime}, {.tv_sec = l->mtime}};
	const char *base, *temporary = files_temporary();
	int dir = open_parent(u, l->name, true, &base);
	if (dir < 0)
		return -errno;
	unlinkat(dir, temporary, 0);
	if (symlinkat(l->target, dir, temporary) < 0)
		return -errno;
	if (fchownat(dir, temporary, l->uid, l->gid, AT_SYMLINK_NOFOLLOW) == 0 &&
	    utimensat(dir, temporary, at, AT_SYMLINK_NOFOLLOW) == 0 &&
	    renameat(dir, temporary, dir, base) == 0)
		return 0;
	int rc = -errno;
	unlinkat(dir, temporary, 0);
	return rc;
}

static int clean(struct unpacker *u, char *name)
{
	if (tar_clean_name(name) < 0)
		return err_say(u->e, EBADMSG, "the tar archive has a name with ..: %.200s", name);
	return 0;
}

static int unpack_hard_link(struct unpacker *u)
{
	if (clean(u, u->entry.target) < 0)
		return -u->e->number;
	int rc = make_hard_link(u, u->entry.name, u->entry.target);
	if (rc == -ENOENT) /* of a link, which is made later */
		return add_later(u);
	return rc < 0 ? err_set(u->e, -rc, "make %s", u->entry.name) : 0;
}

/* Devices are left out: a sandbox has none but its own. */
static int unpack_one(struct unpacker *u)
{
	if (clean(u, u->entry.name) < 0)
		return -u->e->number;
	if (u->entry.name[0] == '\0') { /* the directory itself */
		if (u->entry.type == TAR_DIRECTORY)
			return 0;
		return err_say(u->e, EBADMSG, "the tar archive has an entry without a name");
	}
	switch (u->entry.type) {
	case TAR_FILE:
		return unpack_file(u);
	case TAR_DIRECTORY:
		return unpack_directory(u);
	case TAR_FIFO:
		return unpack_fifo(u);
	case TAR_HARD_LINK:
		return unpack_hard_link(u);
	case TAR_LINK:
		return add_later(u);
	case TAR_CHARACTER_DEVICE:
	case TAR_BLOCK_DEVICE:
		u->files--;
		return 0;
	}
	return 0;
}

static int finish(struct unpacker *u)
{
	for (const struct later *l = u->first; l; l = l->next) {
		int rc = 0;
		if (l->type == TAR_LINK)
			rc = make_link(u, l);
		else if (l->type == TAR_HARD_LINK)
			rc = make_hard_link(u, l->name, l->target);
		if (rc < 0)
			return err_set(u->e, -rc, "link %s", l->name);
	}
	for (const struct later *l = u->first; l; l = l->next) {
		const struct timespec at[2] = {{.tv_sec = l->mtime}, {.tv_sec = l->mtime}};
		AUTO_FD fd = l->type == TAR_DIRECTORY ? open_inside(u, l->name) : -1;
		if (fd >= 0)
			futimens(fd, at);
	}
	return 0;
}

/* Behind an archive's end there may be anything. */
static int drop_rest(struct err *e)
{
	static uint8_t block[FILES_BLOCK_BYTES];
	ssize_t n;
	do {
		n = files_read_some(block, sizeof(block), e);
	} while (n > 0);
	return (int)n;
}

static int unpack_all(struct unpacker *u)
{
	int rc;
	while ((rc = tar_read(&u->reader, &u->entry, u->e)) > 0) {
		u->files++;
		set_owner(&u->entry, u->owner);
		rc = unpack_one(u);
		if (rc < 0)
			return rc;
	}
	if (rc == 0)
		rc = finish(u);
	return rc < 0 ? rc : drop_rest(u->e);
}

/* Memory goes with the process. */
int files_unpack(const char *path, const struct files_owner *owner, struct err *e)
{
	static struct unpacker unpacker = {.reader = {.read = read_archive}, .parent_fd = -1};
	struct unpacker *u = &unpacker;
	u->e = e;
	u->owner = owner;
	u->last = &u->first;
	if (files_make_parents(path, e) < 0)
		return -e->number;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make it");
	AUTO_FD root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(e, errno, "open it");
	u->root_fd = root;
	int rc = unpack_all(u);
	fd_close(&u->parent_fd);
	const struct files_head head = {.kind = FILES_ANSWER, .size = u->bytes, .count = u->files};
	return rc < 0 ? rc : files_answer(&head, e);
}
