/* SPDX-License-Identifier: MIT */
/* POST sandboxes and DELETE sandboxes/:id. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"
#include "cgroup.h"
#include "create_read.h"
#include "fields.h"
#include "info.h"
#include "layers.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "life.h"
#include "meta.h"
#include "modules.h"
#include "requests.h"
#include "slots.h"
#include "watch.h"

/* All parts, in order; meta.json last: with it the sandbox exists. */
static int build(const struct server *s, struct sandbox *sb, int dir_fd, int *pidfd, struct err *e)
{
	int rc = slots_take(s, sb->id, &sb->slot, e);
	if (rc == 0)
		rc = layers_acquire(s, sb, e);
	if (rc == 0)
		rc = cgroup_make(s->cgroup_fd, sb, e);
	if (rc == 0)
		rc = box_mount_upper(s, sb, e);
	if (rc == 0)
		rc = box_start(s, sb, pidfd, e);
	if (rc < 0)
		return rc;
	sb->created_ms = clock_wall_ms();
	if (sb->lifetime_s > 0)
		sb->deadline_ms = clock_mono_ms() + sb->lifetime_s * 1000;
	memcpy(sb->boot_id, s->boot_id, sizeof(sb->boot_id));
	struct usage u = {.last_active_ms = sb->created_ms};
	rc = meta_write_usage(dir_fd, &u, e);
	return rc < 0 ? rc : meta_save(dir_fd, sb, e);
}

static bool is_full(const struct server *s)
{
	struct stat st;
	/* A directory's links: itself, its name, and the ".." of each directory in it. */
	return fstat(s->sandboxes_fd, &st) == 0 && st.st_nlink >= 2 + s->max_sandboxes;
}

static bool check_modules(const struct server *s, const struct sandbox *sb, struct reply *r)
{
	struct err e;
	for (size_t i = 0; i < sb->layer_count; i++) {
		AUTO_FD fd = modules_open(s, sb->layers[i], &e);
		if (fd == -ENOENT)
			reply_fail(r, 400, "no_module", "layers: %s", e.text);
		else if (fd < 0)
			reply_err(r, &e);
		if (fd < 0)
			return false;
	}
	return true;
}

void request_create(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct sandbox sb;
	struct err e, undo;
	if (!create_read(fields, s->memory_mb, &sb, r) || !check_modules(s, &sb, r))
		return;
	if (is_full(s)) {
		reply_fail(r, 503, "full", "there are %" PRIu64 " sandboxes already",
			   s->max_sandboxes);
		return;
	}
	/* The directory reserves the id; its lock says that somebody is at work in it. */
	if (mkdirat(s->sandboxes_fd, sb.id, 0700) < 0) {
		if (errno == EEXIST) {
			reply_fail(r, 409, "exists", "there is a sandbox %s already", sb.id);
			return;
		}
		err_set(&e, errno, "make directory of sandbox %s", sb.id);
		reply_err(r, &e);
		return;
	}
	AUTO_FD pidfd = -1;
	AUTO_FD lock = meta_lock(s, sb.id, true, &e);
	int rc = lock < 0 ? lock : build(s, &sb, lock, &pidfd, &e);
	if (rc < 0) {
		reply_err(r, &e);
		if (life_dismantle(s, &sb, &undo) < 0)
			fprintf(stderr, "squashd: undo create of %s: %s\n", sb.id, undo.text);
		return;
	}
	if (watch_report(s, &sb, pidfd, &e) < 0) /* the next squashd finds it by itself */
		fprintf(stderr, "squashd: %s\n", e.text);
	r->status = 201;
	info_add(s, &sb, lock, r);
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
