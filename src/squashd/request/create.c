/* SPDX-License-Identifier: MIT */
/* POST sandboxes and DELETE sandboxes/:id. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "module_manifest.h"
#include "requests.h"
#include "sandbox_info.h"
#include "snapshot_room.h"
#include "squashd/box/bringup.h"
#include "squashd/box/layers.h"
#include "squashd/box/life.h"
#include "squashd/box/upper.h"
#include "squashd/store/caller.h"
#include "squashd/store/journal.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/store/snapshots.h"
#include "squashd/store/stack.h"
#include "squashd/wire/create_read.h"
#include "squashd/wire/fields.h"

/* The stack of what is made from a snapshot: its own, and itself. */
static bool read_snapshot(const struct server *s, struct create *c, struct reply *r)
{
	static struct snapshot n;
	struct err e;
	if (c->from_id[0] == '\0')
		return true;
	AUTO_FD dir = meta_open(s, c->from_id, &e);
	int rc = dir < 0 ? dir : snapshots_load(dir, c->from_snapshot, &n, &e);
	if (rc == -ENOENT)
		reply_fail(r, 400, "no_snapshot", "from: %s", e.text);
	else if (rc < 0)
		reply_err(r, &e);
	if (rc < 0)
		return false;
	stack_of_snapshot(&c->sb, n.layers, n.layer_count, n.name);
	return true;
}

/* Links to the snapshots in the stack: nothing is shared but what can't change. */
static int link_snapshots(const struct server *s, const struct create *c, int dir_fd, struct err *e)
{
	if (c->from_id[0] == '\0')
		return 0;
	AUTO_FD from = meta_open(s, c->from_id, e);
	int rc = from < 0 ? from : 0;
	for (size_t i = 0; rc == 0 && i < c->sb.layer_count; i++)
		if (stack_is_snapshot(c->sb.layers[i]))
			rc = snapshots_link(from, dir_fd, c->sb.layers[i], e);
	return rc;
}

/* All parts, in order; meta.json last: with it the sandbox exists. */
static int build(const struct server *s, struct create *c, int dir_fd, struct err *e)
{
	struct sandbox *sb = &c->sb;
	sb->created_ms = clock_wall_ms();
	caller_name(s->caller, sb->maker);
	/* Now: by when it is started, the wall clock may have been set. */
	if (sb->max_lifetime_s > 0)
		sb->runtime.deadline_ms = clock_mono_ms() + sb->max_lifetime_s * 1000;
	struct usage u = {.last_active_ms = sb->created_ms};
	int rc = layers_acquire(s, sb, e);
	if (rc == 0)
		rc = upper_make(s, sb, dir_fd, e);
	if (rc == 0)
		rc = bringup_start(s, sb, e);
	if (rc == 0)
		rc = meta_write_usage(dir_fd, &u, e);
	if (rc == 0)
		rc = meta_prepare(dir_fd, sb, e);
	/* Its name among the others, before the name that makes it one of them. */
	if (rc == 0 && fsync(s->sandboxes_fd) < 0)
		rc = err_set(e, errno, "sync sandboxes");
	return rc < 0 ? rc : meta_publish(dir_fd, e);
}

static bool is_full(const struct server *s)
{
	return life_count(s) >= s->max_sandboxes;
}

static int refuse(const struct sandbox *sb, struct reply *r)
{
	reply_fail(r, 409, "exists", "there is a sandbox %s already", sb->id);
	return -EEXIST;
}

/* The directory reserves the id; its lock says that somebody is at work in it. Before it is locked
 * a sweep may take it for a leftover, and another request's may stand in its place. The lock, owned
 * by the caller; or -errno with the reply filled. */
static int reserve(const struct server *s, const struct sandbox *sb, struct reply *r)
{
	struct err e;
	if (is_full(s)) {
		reply_fail(r, 503, "full", "there are %" PRIu64 " sandboxes already",
			   s->max_sandboxes);
		return -EAGAIN;
	}
	for (;;) {
		struct stat st;
		if (mkdirat(s->sandboxes_fd, sb->id, 0700) < 0) {
			if (errno == EEXIST)
				return refuse(sb, r);
			err_set(&e, errno, "make directory of sandbox %s", sb->id);
			reply_err(r, &e);
			return -e.number;
		}
		AUTO_FD lock = meta_lock(s, sb->id, META_WAIT, &e);
		if (lock >= 0 && fstat(lock, &st) == 0 && st.st_nlink > 0)
			return meta_is_in(lock) ? refuse(sb, r) : fd_steal(&lock);
		if (lock < 0 && lock != -ENOENT) {
			reply_err(r, &e);
			leftover_note(sb->id, &e);
			return lock;
		}
	}
}

void request_create(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct create c;
	struct err e, undo;
	if (!create_read(fields, s->memory_mb, s->has_disk, &c, r) || !read_snapshot(s, &c, r) ||
	    !snapshot_room_is_left(s, &c.sb, 0, r) || !module_manifest_all_met(s, &c.sb, false, r))
		return;
	AUTO_FD lock = reserve(s, &c.sb, r);
	if (lock < 0)
		return;
	int rc = link_snapshots(s, &c, lock, &e);
	bool gone = rc == -ENOENT; /* since we read it */
	if (rc == 0)
		rc = build(s, &c, lock, &e);
	if (rc < 0) {
		if (gone)
			reply_fail(r, 400, "no_snapshot", "from: %s", e.text);
		/* A module may have been deleted just now. */
		else if (module_manifest_all_met(s, &c.sb, false, r))
			reply_err(r, &e);
		meta_remove(lock, NULL);
		if (life_dismantle(s, &c.sb, &undo) < 0)
			leftover_note(c.sb.id, &undo);
		return;
	}
	r->status = 201;
	journal_change(s, c.sb.id, "create", "owner", c.sb.owner);
	info_add(s, &c.sb, lock, r);
}

void request_destroy(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct err e;
	char id[LIMIT_ID_BYTES + 1];
	if (!fields_only_id(fields, id, r))
		return;
	int rc = life_end(s, id, JOURNAL_OPERATOR, &e);
	if (rc == -ENOENT)
		reply_sandbox_err(r, &e);
	else if (rc < 0)
		reply_err(r, &e);
	else
		r->status = 204;
}
