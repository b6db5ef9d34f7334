/* SPDX-License-Identifier: MIT */
/* The leaves x0..xN that execs run in. A leaf is used again and again: one that was removed after
 * its processes wrote to a tmpfs would stay behind in the kernel as a dying cgroup. Who holds the
 * flock of the directory has the leaf; the kernel lets go of it when its supervisor dies, however.
 * Two marks, kept on the directory so that they live and die with it, say what a leaf without a
 * holder is: "left", its processes were left in the background on purpose; "killed", it must be
 * replaced, as Linux 6.12 kills at birth whatever clone3 puts into a cgroup that was ever
 * killed. */
#include "leaf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "freeze.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/limits.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/kernel/cgroup_events.h"

#define MARK_LEFT "trusted.squash.left"
#define MARK_KILLED "trusted.squash.killed"

static bool has_mark(int fd, const char *mark)
{
	return fgetxattr(fd, mark, NULL, 0) >= 0;
}

static bool is_populated(int fd)
{
	return cgroup_read_event(fd, "cgroup.events", "populated") != 0;
}

/* The limits are box's, and once more here: some programs look for them in their own cgroup. */
static int set_up(int box_fd, int fd, struct err *e)
{
	int rc = fd_write_file(fd, "memory.oom.group", "1", e);
	return rc < 0 ? rc : cgroup_copy_limits(box_fd, fd, e);
}

/* Open box/name, making it if need be, and lock it. The descriptor; -EAGAIN if somebody has it. */
static int open_locked(int box_fd, const char *name, struct err *e)
{
	/* Those inside can read its files, and not lock it: for that they had to open it. */
	bool made = mkdirat(box_fd, name, 0711) == 0;
	if (!made && errno != EEXIST)
		return err_set(e, errno, "make cgroup %s", name);
	AUTO_FD fd = openat(box_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : err_set(e, errno, "open cgroup %s", name);
	if (made && set_up(box_fd, fd, e) < 0)
		return -e->number;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : err_set(e, errno, "lock cgroup %s", name);
	/* It may have been replaced between open and flock. */
	return fd_has_name(fd, box_fd, name) ? fd_steal(&fd) : -EAGAIN;
}

/* A leaf that nobody holds: 0 if it can be used as it is, -EAGAIN if it can't, now. Remains of a
 * supervisor that died are ended here. */
static int make_usable(struct leaf *leaf, struct err *e)
{
	if (is_populated(leaf->fd)) {
		if (has_mark(leaf->fd, MARK_LEFT) || has_mark(leaf->fd, MARK_KILLED))
			return -EAGAIN;
		int rc = leaf_kill(leaf, LEAF_KILL_MS, e);
		if (rc < 0)
			return rc;
	}
	if (has_mark(leaf->fd, MARK_KILLED)) {
		unlinkat(leaf->box_fd, leaf->name, AT_REMOVEDIR);
		leaf->killed = false;
		return -EAGAIN; /* the next try makes a new one */
	}
	fremovexattr(leaf->fd, MARK_LEFT);
	return 0;
}

static int try_lease(struct leaf *leaf, struct err *e)
{
	leaf->fd = open_locked(leaf->box_fd, leaf->name, e);
	if (leaf->fd < 0)
		return leaf->fd;
	int rc = make_usable(leaf, e);
	if (rc < 0)
		fd_close(&leaf->fd);
	return rc;
}

int leaf_lease(int root_fd, const char *id, struct leaf *leaf, struct err *e)
{
	enum { TRIES = 2 }; /* the second finds what the first has replaced */
	*leaf = (struct leaf){.box_fd = -1, .fd = -1};
	AUTO_FD box = cgroup_open_box(root_fd, id, e);
	if (box < 0)
		return box;
	leaf->box_fd = box;
	for (unsigned i = 0; i < LIMIT_EXECS * TRIES; i++) {
		snprintf(leaf->name, sizeof(leaf->name), "x%u", i / TRIES % LIMIT_EXECS);
		int rc = try_lease(leaf, e);
		if (rc == 0) {
			leaf->oom_kills = cgroup_read_event(leaf->fd, "memory.events", "oom_kill");
			leaf->frozen_ms = freeze_total_ms(box);
			fd_steal(&box);
		}
		if (rc != -EAGAIN)
			return rc;
	}
	leaf->box_fd = -1;
	return err_say(e, EAGAIN, "%d commands are running in sandbox %s already", LIMIT_EXECS, id);
}

int leaf_kill(struct leaf *leaf, uint64_t wait_ms, struct err *e)
{
	/* ENOENT, ENODEV: whoever destroys the sandbox has killed it already, and removed it.
	 * The mark first: if we die between the two, a leaf replaced in vain is the lesser harm. */
	if (fsetxattr(leaf->fd, MARK_KILLED, "1", 1, 0) < 0)
		return err_set(e, errno, "mark cgroup %s", leaf->name);
	int rc = fd_write_file(leaf->fd, "cgroup.kill", "1", e);
	if (rc < 0 && rc != -ENOENT && rc != -ENODEV)
		return rc;
	leaf->killed = true;
	rc = cgroup_wait_empty(leaf->fd, clock_mono_ms() + wait_ms, e);
	return rc == -EBUSY ? 0 : rc;
}

bool leaf_had_oom(const struct leaf *leaf)
{
	return cgroup_read_event(leaf->fd, "memory.events", "oom_kill") > leaf->oom_kills;
}

int leaf_open(int root_fd, const char *id, const char *name, struct leaf *leaf, struct err *e)
{
	*leaf = (struct leaf){.box_fd = cgroup_open_box(root_fd, id, e), .fd = -1};
	if (leaf->box_fd < 0)
		return leaf->box_fd;
	snprintf(leaf->name, sizeof(leaf->name), "%s", name);
	leaf->fd = openat(leaf->box_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (leaf->fd < 0) {
		fd_close(&leaf->box_fd);
		return err_set(e, errno, "open cgroup %s", name);
	}
	leaf->killed = has_mark(leaf->fd, MARK_KILLED);
	return 0;
}

void leaf_close(struct leaf *leaf)
{
	fd_close(&leaf->fd);
	fd_close(&leaf->box_fd);
}

void leaf_settle(struct leaf *leaf, uint64_t wait_ms)
{
	if (leaf->killed) {
		cgroup_wait_empty(leaf->fd, clock_mono_ms() + wait_ms, NULL);
		unlinkat(leaf->box_fd, leaf->name, AT_REMOVEDIR);
	} else if (is_populated(leaf->fd)) {
		fsetxattr(leaf->fd, MARK_LEFT, "1", 1, 0);
	}
}

void leaf_end(struct leaf *leaf)
{
	leaf_settle(leaf, LEAF_END_MS);
	leaf_close(leaf);
}
