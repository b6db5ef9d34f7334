/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/snapshot and DELETE sandboxes/:id/snapshots/:name. What is kept of one, and
 * where, is in snapshots.c. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "open.h"
#include "requests.h"
#include "sandbox_info.h"
#include "squashd/box/capture.h"
#include "squashd/store/journal.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/store/snapshots.h"
#include "squashd/store/stack.h"
#include "squashd/wire/change_read.h"

/* Name it, and note what it is taken on. 0, or -EMLINK when there can be no more. */
static int settle(const struct sandbox *sb, int dir_fd, struct snapshot *n, struct err *e)
{
	static struct snapshot_names names;
	unsigned beneath = stack_count_snapshots(sb);
	if (beneath > LIMIT_SNAPSHOTS_BENEATH || sb->layer_count == LIMIT_LAYERS)
		return err_say(e, EMLINK, "sandbox %s stands on %u snapshots and %zu layers in all",
			       sb->id, beneath, sb->layer_count);
	snapshots_list(dir_fd, &names);
	if (names.count == LIMIT_SNAPSHOTS)
		return err_say(e, EMLINK, "sandbox %s has %d snapshots already", sb->id,
			       LIMIT_SNAPSHOTS);
	snapshot_make_name(n->name, beneath, snapshots_next_k(dir_fd));
	n->created_ms = clock_wall_ms();
	n->layer_count = sb->layer_count;
	memcpy(n->layers, sb->layers, sizeof(n->layers));
	return 0;
}

/* Room for one more snapshot. On a disk, 0: what the disk has. In memory, what is left of their
 * share of it, with a lock (owned by the caller) that keeps others from counting on the same. */
static int find_room(const struct server *s, uint64_t *max_bytes, struct err *e)
{
	uint64_t begun = clock_mono_ms();
	*max_bytes = 0;
	int fd = openat(s->sandboxes_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open sandboxes");
	if (s->has_disk)
		return fd;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		poll(NULL, 0, 20);
		if (clock_mono_ms() - begun > LIMIT_BUSY_MS) {
			fd_close(&fd);
			return err_say(e, EBUSY, "another snapshot is being taken");
		}
	}
	uint64_t share = (s->memory_mb << 20) / LIMIT_SNAPSHOTS_SHARE, used = snapshots_total(s);
	if (used >= share) {
		fd_close(&fd);
		return err_say(e, ENOSPC, "snapshots take their share of the memory already");
	}
	*max_bytes = share - used;
	return fd;
}

static int take(const struct server *s, const struct sandbox *sb, int dir_fd, struct snapshot *n,
		struct err *e)
{
	struct err left;
	uint64_t max_bytes;
	AUTO_FD room = find_room(s, &max_bytes, e);
	int rc = room < 0 ? room : settle(sb, dir_fd, n, e);
	if (rc < 0)
		return rc;
	rc = snapshots_sweep(dir_fd, e); /* one before may have been cut off */
	AUTO_FD out = rc < 0 ? rc : snapshots_begin(dir_fd, e);
	rc = out < 0 ? out : capture_upper(s, sb, dir_fd, out, max_bytes, e);
	if (rc == 0)
		rc = snapshots_commit(dir_fd, out, n, e);
	if (rc < 0 && snapshots_sweep(dir_fd, &left) < 0)
		leftover_note(sb->id, &left);
	return rc;
}

void request_snapshot(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct sandbox sb;
	static struct snapshot n;
	char id[LIMIT_ID_BYTES + 1];
	struct err e;
	if (!change_read_label(fields, id, &n, r))
		return;
	AUTO_FD lock = request_open(s, id, &sb, r);
	if (lock < 0)
		return;
	int rc = take(s, &sb, lock, &n, &e);
	if (rc == -EMLINK)
		reply_fail(r, 409, "full", "%s", e.text);
	else if (rc < 0)
		reply_capture_err(r, id, &e);
	if (rc < 0)
		return;
	meta_count_use(lock);
	journal_change(s, id, "snapshot", "snapshot", n.name);
	r->status = 201;
	info_add_snapshot(&n, &r->body);
}

/* 0 if nothing stands on it, -EEXIST with e saying what does. */
static int check_unused(const struct sandbox *sb, int dir_fd, const char *name, struct err *e)
{
	static struct snapshot_names names;
	static struct snapshot other;
	uint64_t links = 0;
	if (stack_includes(sb->layers, sb->layer_count, name))
		return err_say(e, EEXIST, "sandbox %s stands on snapshot %s", sb->id, name);
	snapshots_list(dir_fd, &names);
	for (size_t i = 0; i < names.count; i++)
		if (snapshots_load(dir_fd, names.all[i], &other, NULL) == 0 &&
		    stack_includes(other.layers, other.layer_count, name))
			return err_say(e, EEXIST, "snapshot %s stands on snapshot %s", other.name,
				       name);
	int rc = snapshots_count_links(dir_fd, name, &links, e);
	if (rc == 0 && links > 1)
		return err_say(e, EEXIST, "another sandbox stands on snapshot %s", name);
	return rc;
}

void request_drop_snapshot(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct sandbox sb;
	char name[LIMIT_MODULE_BYTES + 1];
	struct err e;
	AUTO_FD lock = request_open_of_snapshot(s, fields, &sb, name, r);
	if (lock < 0)
		return;
	int rc = check_unused(&sb, lock, name, &e);
	if (rc == -EEXIST) {
		reply_fail(r, 409, "in_use", "%s", e.text);
		return;
	}
	if (rc == 0)
		rc = snapshots_remove(lock, name, &e);
	if (rc < 0) {
		reply_sandbox_err(r, &e);
		leftover_note(sb.id, &e);
		return;
	}
	journal_change(s, sb.id, "drop_snapshot", "snapshot", name);
	r->status = 204;
}
