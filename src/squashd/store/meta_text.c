/* SPDX-License-Identifier: MIT */
#include "meta_text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "json_members.h"
#include "lib/json.h"
#include "lib/sandbox_fields.h"
#include "sandbox_members.h"
#include "snapshot_text.h"
#include "stack.h"

#define META_VERSION 2

bool meta_is_id(const char *text, size_t len)
{
	if (len == 0 || len > LIMIT_ID_BYTES || !isalnum((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
			return false;
	return true;
}

static void write_member(struct jsonw *w, const struct sandbox *sb, const struct sandbox_member *m)
{
	jsonw_key(w, m->key);
	if (m->type == FIELD_NUMBER) {
		jsonw_uint(w, sandbox_member_number(sb, m));
		return;
	}
	if (m->type == FIELD_FLAG) {
		jsonw_bool(w, sandbox_member_number(sb, m) != 0);
		return;
	}
	if (m->type == FIELD_LIST)
		jsonw_array_begin(w);
	for (size_t i = 0; i < sandbox_member_count(sb, m); i++)
		jsonw_string(w, sandbox_member_text(sb, m, i));
	if (m->type == FIELD_LIST)
		jsonw_array_end(w);
}

void meta_write(struct buf *out, const struct sandbox *sb)
{
	struct jsonw w;
	members_begin(&w, out, META_VERSION);
	for (size_t i = 0; i < sandbox_members_count; i++)
		write_member(&w, sb, &sandbox_members[i]);
	jsonw_object_end(&w);
}

/* A flag is a number, too: 0 or 1. */
static bool read_number(const struct json_value *root, const struct sandbox_member *m,
			struct sandbox *sb)
{
	uint64_t number = 0;
	bool flag = false;
	bool found = m->type == FIELD_FLAG ? members_flag(root, m->key, &flag)
					   : members_number(root, m->key, &number);
	if (found)
		sandbox_member_set_number(sb, m, m->type == FIELD_FLAG ? flag : number);
	return found;
}

static bool read_list(const struct json_value *root, const struct sandbox_member *m,
		      struct sandbox *sb)
{
	size_t count;
	char *room = sandbox_member_room(sb, m, 0);
	if (!members_texts(root, m->key, room, m->cap, (size_t)m->max, &count))
		return false;
	sandbox_member_set_count(sb, m, count);
	return true;
}

static bool read_member(const struct json_value *root, const struct sandbox_member *m,
			struct sandbox *sb)
{
	/* A version that doesn't know a field writes none: it is as if create hadn't set it. */
	if (!json_get(root, m->key) && (m->may_miss || sandbox_fields_find(m->tag)))
		return true;
	if (m->type == FIELD_NUMBER || m->type == FIELD_FLAG)
		return read_number(root, m, sb);
	if (m->type == FIELD_LIST)
		return read_list(root, m, sb);
	return members_text(root, m->key, sandbox_member_room(sb, m, 0), m->cap);
}

static bool read_members(const struct json_value *root, struct sandbox *sb)
{
	bool good = true;
	for (size_t i = 0; i < sandbox_members_count && good; i++)
		good = read_member(root, &sandbox_members[i], sb);
	return good;
}

/* The disk may be anybody's: names become paths and numbers limits, so they keep to what a request
 * may ask for. */
static bool is_good(const struct sandbox *sb)
{
	bool good = meta_is_id(sb->id, strlen(sb->id)) && sb->layer_count > 0;
	for (size_t i = 0; i < sb->layer_count; i++) {
		good = good && snapshot_is_layer(sb->layers[i]);
		good = good && (i == 0 || strcmp(sb->layers[i - 1], sb->layers[i]) < 0);
	}
	/* What it was restored to is on top. */
	const char *top = good ? sb->layers[sb->layer_count - 1] : "";
	good = good && strcmp(sb->active_snapshot, stack_is_snapshot(top) ? top : "") == 0;
	return good && sandbox_members_are_good(sb);
}

int meta_read(const uint8_t *text, size_t len, struct sandbox *sb, struct err *e)
{
	static unsigned char memory[JSON_ARENA_BYTES(16384)] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .cap = sizeof(memory)};
	const struct json_value *root;
	uint64_t version = 0;
	sandbox_members_reset(sb);
	int rc = members_parse(text, len, "meta.json", &arena, &root, e);
	if (rc < 0)
		return rc;
	if (members_number(root, "version", &version) && version != META_VERSION)
		return err_say(e, EBADMSG, "meta.json is of version %" PRIu64 ", not %d", version,
			       META_VERSION);
	if (version != META_VERSION || !read_members(root, sb) || !is_good(sb))
		return err_say(e, EBADMSG, "meta.json is damaged");
	return 0;
}
