/* SPDX-License-Identifier: MIT */
/* GET sandboxes and sandboxes/:id. */
#include "sandbox_info.h"

#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "lib/fd.h"
#include "requests.h"
#include "squashd/box/upper.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/store/meta.h"
#include "squashd/store/snapshots.h"
#include "squashd/wire/fields.h"

/* Ask the kernel whether the sandbox's root is there. */
static bool has_root(const struct server *s, const char *id)
{
	char path[32];
	struct statfs st;
	AUTO_FD pidfd = -1;
	pid_t pid = cgroup_find_init(s->cgroup_fd, id, &pidfd, NULL);
	if (pid < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	return statfs(path, &st) == 0 && st.f_type == OVERLAYFS_SUPER_MAGIC;
}

void info_add_snapshot(const struct snapshot *n, struct buf *b)
{
	msg_add(b, TAG_SNAPSHOT, "", 0);
	msg_add_text(b, TAG_NAME, n->name);
	msg_add_number(b, TAG_SIZE, n->size);
	msg_add_number(b, TAG_CREATED_MS, n->created_ms);
	msg_add_text(b, TAG_LABEL, n->label);
	for (size_t i = 0; i < n->layer_count; i++)
		msg_add_text(b, TAG_LAYER, n->layers[i]);
}

static void add_snapshots(int dir_fd, struct buf *b)
{
	static struct snapshot_names names;
	static struct snapshot one;
	snapshots_list(dir_fd, &names);
	for (size_t i = 0; i < names.count; i++)
		if (snapshots_load(dir_fd, names.all[i], &one, NULL) == 0)
			info_add_snapshot(&one, b);
}

void info_add(const struct server *s, const struct sandbox *sb, int dir_fd, struct reply *r)
{
	struct buf *b = &r->body;
	struct usage usage = meta_read_usage(dir_fd);

	msg_add(b, TAG_RECORD, "", 0);
	msg_add_text(b, TAG_ID, sb->id);
	msg_add_text(b, TAG_OWNER, sb->owner);
	msg_add_text(b, TAG_TASK, sb->task);
	for (size_t i = 0; i < sb->layer_count; i++)
		msg_add_text(b, TAG_LAYER, sb->layers[i]);
	msg_add_number(b, TAG_CREATED_MS, sb->created_ms);
	msg_add_number(b, TAG_LAST_ACTIVE_MS, usage.last_active_ms);
	msg_add_number(b, TAG_MOUNTED, has_root(s, sb->id));
	msg_add_number(b, TAG_EXEC_COUNT, usage.exec_count);
	msg_add_number(b, TAG_UPPER_BYTES, upper_used(sb, dir_fd));
	msg_add_number(b, TAG_CPU_MILLI, sb->cpu_milli);
	msg_add_number(b, TAG_MEMORY_MB, sb->memory_mb);
	msg_add_number(b, TAG_LIFETIME_S, sb->lifetime_s);
	for (size_t i = 0; i < sb->allow_net_count; i++)
		msg_add_text(b, TAG_ALLOW_NET, sb->allow_net[i]);
	msg_add_number(b, TAG_DISK_MB, sb->disk_mb);
	if (sb->active_snapshot[0] != '\0')
		msg_add_text(b, TAG_ACTIVE_SNAPSHOT, sb->active_snapshot);
	add_snapshots(dir_fd, b); /* last: see msg.h */
}

void request_info(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct sandbox sb;
	struct err e;
	char id[LIMIT_ID_BYTES + 1];
	if (!fields_only_id(fields, id, r))
		return;
	AUTO_FD sandbox = meta_open(s, id, &e);
	if (sandbox < 0 || meta_load(s, sandbox, id, &sb, &e) < 0)
		reply_sandbox_err(r, &e);
	else
		info_add(s, &sb, sandbox, r);
}

void request_list(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static char ids[LIMIT_SANDBOXES][LIMIT_ID_BYTES + 1];
	static struct sandbox sb;
	if (fields.left > 0) {
		fields_refuse(r);
		return;
	}
	size_t count = meta_list(s, ids);
	for (size_t i = 0; i < count; i++) {
		/* Without meta.json it is coming or going: it does not exist. */
		AUTO_FD sandbox = meta_open(s, ids[i], NULL);
		if (sandbox >= 0 && meta_load(s, sandbox, ids[i], &sb, NULL) == 0)
			info_add(s, &sb, sandbox, r);
	}
}
