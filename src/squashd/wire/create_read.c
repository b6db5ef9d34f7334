/* SPDX-License-Identifier: MIT */
#include "create_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "lib/allow.h"
#include "lib/sandbox_fields.h"
#include "squashd/store/meta_text.h"
#include "squashd/store/modules.h"
#include "squashd/store/sandbox_members.h"
#include "squashd/store/snapshot_text.h"
#include "squashd/store/stack.h"

bool create_read_module(const struct msg_field *f, const char *field,
			char name[LIMIT_MODULE_BYTES + 1], struct reply *r)
{
	if (!fields_text(f, field, name, LIMIT_MODULE_BYTES + 1, r))
		return false;
	if (!modules_is_name(name, f->len)) {
		reply_fail(r, 400, "bad_field",
			   "%s: \"%s\" is not a module's name, like 000-base-debian", field, name);
		return false;
	}
	if (stack_is_snapshot(name)) {
		reply_fail(r, 400, "bad_field", "%s: %s: numbers from 900 up are for snapshots",
			   field, name);
		return false;
	}
	return true;
}

static bool add_layer(struct sandbox *sb, const struct msg_field *f, struct reply *r)
{
	char name[LIMIT_MODULE_BYTES + 1];
	if (sb->layer_count == LIMIT_LAYERS) {
		reply_fail(r, 400, "bad_field", "layers has more than %d entries", LIMIT_LAYERS);
		return false;
	}
	if (!create_read_module(f, "layers", name, r))
		return false;
	for (size_t i = 0; i < sb->layer_count; i++) {
		if (strcmp(sb->layers[i], name) == 0) {
			reply_fail(r, 400, "bad_field", "layers: %s is given twice", name);
			return false;
		}
	}
	strcpy(sb->layers[sb->layer_count++], name);
	return true;
}

/* "<sandbox>/<snapshot>" */
static bool read_from(struct create *c, const struct msg_field *f, struct reply *r)
{
	char text[LIMIT_ID_BYTES + 1 + LIMIT_MODULE_BYTES + 1];
	if (!fields_text(f, "from", text, sizeof(text), r))
		return false;
	size_t id = strcspn(text, "/");
	size_t name = text[id] == '/' ? strlen(text + id + 1) : 0;
	if (!meta_is_id(text, id) || !snapshot_is_name(text + id + 1, name, NULL)) {
		reply_fail(r, 400, "bad_field",
			   "from must be a sandbox and a snapshot, like dev/900-snapshot-1");
		return false;
	}
	memcpy(c->from_id, text, id);
	c->from_id[id] = '\0';
	memcpy(c->from_snapshot, text + id + 1, name + 1);
	return true;
}

static bool add_entry(struct sandbox *sb, const struct sandbox_member *m, const char *name,
		      const struct msg_field *f, struct reply *r)
{
	char entry[64];
	size_t i = sandbox_member_count(sb, m);
	if (i == m->max) {
		reply_fail(r, 400, "bad_field", "%s has more than %" PRIu64 " entries", name,
			   m->max);
		return false;
	}
	snprintf(entry, sizeof(entry), "%s[%zu]", name, i);
	if (!fields_label(f, entry, sandbox_member_room(sb, m, i), m->cap, r))
		return false;
	sandbox_member_set_count(sb, m, i + 1);
	return true;
}

static bool read_number(struct sandbox *sb, const struct sandbox_member *m,
			const struct field *field, const struct msg_field *f, struct reply *r)
{
	char name[64];
	uint64_t number;
	snprintf(name, sizeof(name), field->type == FIELD_MILLI ? "%s (in thousandths)" : "%s",
		 field->name);
	if (!fields_number(f, name, m->min, m->max, &number, r))
		return false;
	sandbox_member_set_number(sb, m, number);
	return true;
}

/* A field of which sandbox_members.c says all that makes it good. */
static bool read_plain(struct sandbox *sb, const struct msg_field *f, struct reply *r)
{
	const struct field *field = sandbox_fields_find(f->tag);
	const struct sandbox_member *m = sandbox_members_find(f->tag);
	if (!field || !m)
		return fields_refuse(r);
	if (m->type == FIELD_TEXT)
		return fields_label(f, field->name, sandbox_member_room(sb, m, 0), m->cap, r);
	if (m->type == FIELD_LIST)
		return add_entry(sb, m, field->name, f, r);
	return read_number(sb, m, field, f, r);
}

bool create_read_host(const struct msg_field *f, struct sandbox *sb, struct reply *r)
{
	struct allow allow;
	size_t i = sb->allow_net_count;
	if (!read_plain(sb, f, r))
		return false;
	const char *fault = allow_parse(sb->allow_net[i], &allow);
	if (fault) {
		reply_fail(r, 400, "bad_field", "allow_net[%zu] %s", i, fault);
		return false;
	}
	return true;
}

static bool read_memory(uint64_t machine_mb, struct sandbox *sb, const struct msg_field *f,
			struct reply *r)
{
	return fields_number(f, "memory_mb", LIMIT_MEMORY_MB_MIN, machine_mb, &sb->memory_mb, r);
}

struct reading {
	uint64_t machine_mb;
	struct create *c;
};

static bool read_field(const struct msg_field *f, void *request, struct reply *r)
{
	const struct reading *to = request;
	struct sandbox *sb = &to->c->sb;
	switch (f->tag) {
	case TAG_ID:
		return fields_id(f, sb->id, r);
	case TAG_LAYER:
		return add_layer(sb, f, r);
	case TAG_FROM:
		return read_from(to->c, f, r);
	case TAG_MEMORY_MB:
		return read_memory(to->machine_mb, sb, f, r);
	case TAG_ALLOW_NET:
		return create_read_host(f, sb, r);
	default:
		return read_plain(sb, f, r);
	}
}

/* How large the upper may be: in memory it must stay below memory.max, so that a full one is ENOSPC
 * for the writer and not its death. */
static bool settle_disk(struct sandbox *sb, struct reply *r)
{
	if (sb->disk_mb == 0) {
		sb->disk_mb = DEFAULT_DISK_MB;
		if (!sb->on_disk && sb->memory_mb / 2 < DEFAULT_DISK_MB)
			sb->disk_mb = sb->memory_mb / 2;
	}
	if (sb->on_disk || sb->disk_mb < sb->memory_mb)
		return true;
	reply_fail(r, 400, "bad_field",
		   "disk_mb must be below memory_mb: without a disk it is memory");
	return false;
}

static bool is_whole(const struct create *c, struct reply *r)
{
	bool from = c->from_id[0] != '\0';
	if (c->sb.id[0] == '\0')
		reply_fail(r, 400, "bad_field", "id is missing");
	else if (from && c->sb.layer_count > 0)
		reply_fail(r, 400, "bad_field", "layers and from: a snapshot has its own layers");
	else if (!from && c->sb.layer_count == 0)
		reply_fail(r, 400, "bad_field", "layers is missing or empty");
	else
		return true;
	return false;
}

bool create_read(struct msg_cursor fields, uint64_t machine_mb, bool on_disk, struct create *c,
		 struct reply *r)
{
	struct reading to = {machine_mb, c};
	struct sandbox *sb = &c->sb;
	memset(c, 0, sizeof(*c));
	sandbox_members_reset(sb);
	sb->on_disk = on_disk;
	if (sb->memory_mb > machine_mb)
		sb->memory_mb = machine_mb;
	if (!fields_read(fields, read_field, &to, r))
		return false;
	stack_sort(sb->layers, sb->layer_count);
	return is_whole(c, r) && settle_disk(sb, r);
}
