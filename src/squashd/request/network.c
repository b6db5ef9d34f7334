/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/allow_net and GET sandboxes/:id/network: what a sandbox may reach, and what it
 * has reached. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/egress_fds.h"
#include "lib/fd.h"
#include "open.h"
#include "requests.h"
#include "sandbox_info.h"
#include "squashd/network/egress.h"
#include "squashd/network/egress_execute.h"
#include "squashd/store/journal.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/wire/change_read.h"

/* First the sandbox, then what is kept of it: whoever is answered has both. If we die between the
 * two, the sweep has the sandbox follow what is kept. */
static int change(const struct server *s, const struct sandbox *sb, const struct sandbox *next,
		  int dir_fd, struct err *e)
{
	struct err left, this;
	int rc = meta_prepare(dir_fd, next, e);
	if (rc == 0)
		rc = egress_change(s, sb, next, e);
	if (rc == 0)
		rc = meta_swap(dir_fd, e);
	int clean = meta_forget(dir_fd, &left);
	if (rc < 0)
		clean = err_keep_first(clean, egress_change(s, next, sb, &this), &left, &this);
	if (clean < 0)
		leftover_note(sb->id, &left);
	return rc;
}

/* The list as one text for the history, which has room for some of a long one. */
static void note(const struct server *s, const struct sandbox *sb)
{
	static char text[JOURNAL_CMD_BYTES];
	struct buf b = {.data = text, .cap = sizeof(text) - 1};
	for (size_t i = 0; i < sb->allow_net_count && !b.full; i++)
		buf_printf(&b, "%s%s", i > 0 ? "," : "", sb->allow_net[i]);
	text[b.len] = '\0';
	journal_change(s, sb->id, "allow_net", "allow_net", text);
}

void request_allow_net(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct sandbox sb, next, asked;
	struct err e;
	if (!change_read_allow_net(fields, &asked, r))
		return;
	AUTO_FD lock = request_open(s, asked.id, &sb, r);
	if (lock < 0)
		return;
	next = sb;
	next.allow_net_count = asked.allow_net_count;
	memcpy(next.allow_net, asked.allow_net, sizeof(asked.allow_net));
	if (change(s, &sb, &next, lock, &e) < 0) {
		reply_err(r, &e);
		return;
	}
	meta_count_use(lock);
	note(s, &next);
	info_add(s, &next, lock, r);
}

/* Which of the two files has been written later. Lines of this version have numbers, which say it
 * better; those of older ones don't. */
static bool is_newer(int dir_fd, const char *name, const char *other)
{
	struct stat a, b;
	if (fstatat(dir_fd, name, &a, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(dir_fd, other, &b, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	return a.st_mtim.tv_sec != b.st_mtim.tv_sec ? a.st_mtim.tv_sec > b.st_mtim.tv_sec
						    : a.st_mtim.tv_nsec >= b.st_mtim.tv_nsec;
}

/* What lies there was written by an egress process, which strangers talk to: it is no more than
 * bytes here. api takes it apart. */
static int add_log(int dir_fd, const char *name, struct reply *r, struct err *e)
{
	static char bytes[2 * EGRESS_LOG_BYTES]; /* older versions' files are that large */
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s", name);
	ssize_t n = fd_read_all(fd, bytes, sizeof(bytes));
	if (n < 0)
		return err_set(e, (int)-n, "read %s", name);
	msg_add(&r->body, TAG_LINES, bytes, (size_t)n);
	return 0;
}

/* Both files of a kind, the older one first. */
static int add_kind(int dir_fd, const char *const names[2], struct reply *r, struct err *e)
{
	bool first = is_newer(dir_fd, names[0], names[1]);
	int rc = add_log(dir_fd, names[first], r, e);
	return rc < 0 ? rc : add_log(dir_fd, names[!first], r, e);
}

void request_network(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct err e;
	AUTO_FD dir = request_open_unlocked(s, fields, r);
	if (dir < 0)
		return;
	int rc = 0;
	for (size_t i = 0; i < EGRESS_LOGS && rc == 0; i++)
		rc = add_kind(dir, &egress_log_names[2 * i], r, &e);
	if (rc < 0)
		reply_sandbox_err(r, &e);
}
