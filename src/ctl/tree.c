/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "lib/fd.h"
#include "lib/limits.h"
#include "lib/tar_pack.h"
#include "show.h"
#include "unpack.h"

static bool read_id(const char **text, uint64_t *id)
{
	size_t digits = strspn(*text, "0123456789");
	if (digits == 0 || digits > 10)
		return false;
	*id = strtoull(*text, NULL, 10);
	*text += digits;
	return *id < UINT32_MAX; /* -1 is nobody's: chown(2) */
}

bool tree_read_owner(const char *text, struct tree_owner *owner)
{
	*owner = (struct tree_owner){.is_kept = strcmp(text, "keep") == 0};
	if (owner->is_kept || strcmp(text, "root") == 0)
		return true;
	if (!read_id(&text, &owner->uid))
		return false;
	owner->gid = owner->uid;
	if (*text == ':') {
		text++;
		if (!read_id(&text, &owner->gid))
			return false;
	}
	return *text == '\0';
}

/* A line for each, as far as a person reads them. */
static void say_left_out(const char *name, const char *why, unsigned number)
{
	char memory[SHOW_BYTES(TAR_NAME_BYTES)];
	struct buf out = {.data = memory, .cap = sizeof(memory)};
	if (number > CTL_LEFT_OUT_LINES)
		return;
	show_text(name, strlen(name), &out);
	fprintf(stderr, "squashctl: %.*s is left out: it is %s\n", (int)out.len, out.data, why);
}

/* ---- Out of a directory ---- */

struct packing {
	struct tar_packer packer;
	struct upload *upload;
	bool has_put_failed; /* the tree is not at fault */
	unsigned left_out;
};

static int write_archive(void *owner, const void *bytes, size_t len, struct err *e)
{
	struct packing *p = owner;
	int rc = upload_put(p->upload, bytes, len, e);
	p->has_put_failed = rc < 0;
	return rc;
}

static void count_left_out(void *owner, const char *name)
{
	struct packing *p = owner;
	say_left_out(name, "a socket or a device", ++p->left_out);
}

/* Two times the same: to be counted, then to be sent. */
static int pack(struct upload *u, struct err *e)
{
	struct packing *p = u->owner;
	p->packer.bytes = 0;
	int rc = tar_pack_directory(&p->packer, u->fd, e);
	if (rc == 0)
		rc = tar_pack_end(&p->packer, e);
	tar_pack_free(&p->packer);
	return rc;
}

static int send_tree(struct upload *u, struct err *e)
{
	struct packing *p = u->owner;
	p->packer.write = write_archive;
	p->packer.left_out = NULL; /* they have been said */
	int rc = pack(u, e);
	if ((rc == 0 && u->sent != u->len) || rc == -EFBIG)
		return err_say(e, EIO, "%s has changed while it was sent", u->name);
	if (rc < 0 && !p->has_put_failed)
		e->number = EIO;
	return rc < 0 ? -e->number : 0;
}

/* A descriptor for each level of directories. */
static void raise_limit(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= CTL_TREE_FILES)
		return;
	files.rlim_cur = files.rlim_max < CTL_TREE_FILES ? files.rlim_max : CTL_TREE_FILES;
	setrlimit(RLIMIT_NOFILE, &files);
}

int tree_open(struct ctl *c, struct upload *u, const char *directory,
	      const struct tree_owner *owner)
{
	static struct packing p;
	struct err e;
	p.packer.left_out = count_left_out;
	p.packer.owner = &p;
	p.upload = u;
	p.packer.has_owner = !owner->is_kept;
	p.packer.uid = owner->uid;
	p.packer.gid = owner->gid;
	p.packer.max_bytes = LIMIT_UPLOAD_BYTES;
	*u = (struct upload){.name = directory, .send = send_tree, .owner = &p};
	raise_limit();
	u->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (u->fd < 0 && errno == ENOTDIR)
		return ctl_fail(c, EXIT_USAGE, "%s is no directory: cp without -r copies a file",
				directory);
	if (u->fd < 0)
		return ctl_fail(c, EXIT_LOCAL, "%s: %s", directory, strerror(errno));
	int rc = pack(u, &e);
	u->len = p.packer.bytes;
	if (rc == 0)
		return 0;
	fd_close(&u->fd);
	if (rc == -EFBIG)
		return ctl_fail(c, EXIT_USAGE,
				"%s: %s, and the API takes no larger tar archive: copy it in parts",
				directory, e.text);
	return ctl_fail(c, EXIT_LOCAL, "%s: %s", directory, e.text);
}

/* ---- Into a directory ---- */

struct unpacking {
	struct unpack unpack;
	struct http_exchange *exchange;
	const char *to, *name;
	char path[PATH_MAX]; /* of both */
	bool has_made;
	unsigned left_out;
};

static ssize_t read_archive(void *owner, void *data, size_t cap, struct err *e)
{
	struct unpacking *u = owner;
	return http_get(u->exchange, data, cap, e);
}

static void note_left_out(void *owner, const char *name)
{
	struct unpacking *u = owner;
	say_left_out(name, "a FIFO or a device", ++u->left_out);
}

static int fail(const struct unpacking *u, struct err *e)
{
	return err_say(e, EIO, "%s: %s", u->path, strerror(errno));
}

/* Open the directory that the archive goes into. The user has named the first part, where links
 * lead where they lead; the rest is a stranger's. */
static int open_place(struct unpacking *u, struct err *e)
{
	AUTO_FD to = open(u->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0 && errno == ENOENT) {
		u->has_made = mkdir(u->to, 0777) == 0;
		if (u->has_made)
			to = open(u->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return to < 0 ? fail(u, e) : fd_steal(&to);
	}
	if (to < 0)
		return fail(u, e);
	if (!u->name[0])
		return fd_steal(&to);
	u->has_made = mkdirat(to, u->name, 0777) == 0;
	if (!u->has_made && errno != EEXIST)
		return fail(u, e);
	int fd = beneath_open(to, u->name, O_RDONLY);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return err_say(e, EIO, "%s is a link or a file: the tree needs another place",
			       u->path);
	return fd < 0 ? fail(u, e) : fd;
}

static int receive(void *owner, struct http_exchange *x, struct err *e)
{
	struct unpacking *u = owner;
	AUTO_FD root = open_place(u, e);
	if (root < 0)
		return root;
	u->exchange = x;
	u->unpack.root_fd = root;
	int rc = unpack(&u->unpack, e);
	if (rc < 0 && u->has_made)
		rmdir(u->path); /* if nothing is in it */
	return rc;
}

int tree_receive(struct ctl *c, struct api *a, const char *to, const char *name)
{
	static struct unpacking u;
	struct stat st;
	bool is_there = stat(to, &st) == 0;
	u.to = to;
	u.name = is_there && strcmp(name, ".") != 0 ? name : "";
	int n = snprintf(u.path, sizeof(u.path), "%s%s%s", to, u.name[0] ? "/" : "", u.name);
	if (n < 0 || (size_t)n >= sizeof(u.path))
		return ctl_fail(c, EXIT_USAGE, "the path is too long");
	u.unpack.read = read_archive;
	u.unpack.left_out = note_left_out;
	u.unpack.owner = &u;
	a->call.receive = receive;
	a->call.owner = &u;
	int rc = api_call(c, a);
	if (rc == 0 && u.left_out > 0)
		return ctl_fail(c, EXIT_LOCAL,
				"all else is in %s: %u FIFOs or devices are left out", u.path,
				u.left_out);
	return rc;
}
