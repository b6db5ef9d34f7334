/* SPDX-License-Identifier: MIT */
/* GET sandboxes and sandboxes/:id. */
#include "sandbox_info.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "lib/fd.h"
#include "requests.h"
#include "squashd/box/upper.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/store/meta.h"
#include "squashd/store/sandbox_members.h"
#include "squashd/store/snapshots.h"
#include "squashd/wire/fields.h"
#include "squashd/wire/list_read.h"

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

static void add_member(const struct sandbox *sb, const struct sandbox_member *m, struct buf *b)
{
	if (m->type == FIELD_NUMBER || m->type == FIELD_FLAG) {
		msg_add_number(b, m->tag, sandbox_member_number(sb, m));
		return;
	}
	for (size_t i = 0; i < sandbox_member_count(sb, m); i++)
		msg_add_text(b, m->tag, sandbox_member_text(sb, m, i));
}

void info_add(const struct server *s, const struct sandbox *sb, int dir_fd, struct reply *r)
{
	struct buf *b = &r->body;
	struct usage usage = meta_read_usage(dir_fd);

	msg_add(b, TAG_RECORD, "", 0);
	for (size_t i = 0; i < sandbox_members_count; i++)
		if (sandbox_members[i].tag != 0)
			add_member(sb, &sandbox_members[i], b);
	msg_add_number(b, TAG_LAST_ACTIVE_MS, usage.last_active_ms);
	msg_add_number(b, TAG_MOUNTED, has_root(s, sb->id));
	msg_add_number(b, TAG_EXEC_COUNT, usage.exec_count);
	msg_add_number(b, TAG_UPPER_BYTES, upper_used(sb, dir_fd));
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

/* False: nobody takes more of the reply. */
static bool list_one(const struct server *s, const char *id, uint64_t *count, struct reply *r)
{
	static struct sandbox sb;
	/* Without meta.json it is coming or going: it does not exist. */
	AUTO_FD sandbox = meta_open(s, id, NULL);
	if (sandbox < 0 || meta_load(s, sandbox, id, &sb, NULL) < 0)
		return true;
	++*count;
	info_add(s, &sb, sandbox, r);
	return reply_may_go_on(r);
}

void request_list(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static char ids[LIMIT_SANDBOXES][LIMIT_ID_BYTES + 1];
	struct list_question q;
	uint64_t listed = 0;
	if (!list_read(fields, LIST_OF_SANDBOXES, &q, r))
		return;
	size_t count = meta_list(s, ids);
	for (size_t i = 0; i < count && listed < q.limit; i++)
		if (strcmp(ids[i], q.after) > 0 && !list_one(s, ids[i], &listed, r))
			return;
}
