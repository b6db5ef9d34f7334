/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/restore: back to what a snapshot holds. */
#include <errno.h>
#include <stdbool.h>

#include "lib/fd.h"
#include "open.h"
#include "requests.h"
#include "sandbox_info.h"
#include "snapshot_room.h"
#include "squashd/box/bringup.h"
#include "squashd/box/layers.h"
#include "squashd/box/upper.h"
#include "squashd/store/journal.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/store/snapshots.h"
#include "squashd/store/stack.h"

static int restore(const struct server *s, struct sandbox *sb, struct sandbox *next, int dir_fd,
		   struct err *e)
{
	struct err left, this;
	int rc = upper_sweep(s, sb, dir_fd, e); /* a restore before may have been cut off */
	if (rc == 0)
		rc = layers_acquire(s, next, e);
	if (rc == 0)
		rc = upper_make(s, next, dir_fd, e);
	if (rc == 0)
		rc = bringup_change(s, sb, next, dir_fd, e);
	/* Those that it has no more: the old or, if that failed, the new. */
	int swept = upper_sweep(s, sb, dir_fd, &left);
	swept = err_keep_first(swept, layers_keep(s, sb, &this), &left, &this);
	if (swept < 0)
		leftover_note(sb->id, &left);
	return rc;
}

void request_restore(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct sandbox sb, next;
	static struct snapshot n;
	char name[LIMIT_MODULE_BYTES + 1];
	struct err e;
	AUTO_FD lock = request_open_of_snapshot(s, fields, &sb, name, r);
	if (lock < 0)
		return;
	if (snapshots_load(lock, name, &n, &e) < 0) {
		reply_sandbox_err(r, &e);
		return;
	}
	next = sb;
	stack_of_snapshot(&next, n.layers, n.layer_count, n.name);
	next.upper++;
	if (!snapshot_room_is_left(s, &next, stack_count_snapshots(&sb), r))
		return;
	if (restore(s, &sb, &next, lock, &e) < 0) {
		reply_err(r, &e);
		return;
	}
	meta_count_use(lock);
	journal_change(s, sb.id, "restore", "snapshot", name);
	info_add(s, &sb, lock, r);
}
