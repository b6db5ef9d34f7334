/* SPDX-License-Identifier: MIT */
#include "sandbox_members.h"

#include <string.h>

#include "lib/clock.h"

#define UPPER_MAX 1000000000 /* nobody restores so often */

#define TEXT(member, of_tag)                                                                       \
	{                                                                                          \
		.key = #member, .type = FIELD_TEXT, .tag = (of_tag),                               \
		.offset = offsetof(struct sandbox, member),                                        \
		.cap = sizeof(((struct sandbox *)0)->member)                                       \
	}

#define LIST(member, count, of_tag)                                                                \
	{                                                                                          \
		.key = #member, .type = FIELD_LIST, .tag = (of_tag),                               \
		.offset = offsetof(struct sandbox, member),                                        \
		.count_offset = offsetof(struct sandbox, count),                                   \
		.cap = sizeof(((struct sandbox *)0)->member[0]),                                   \
		.max = sizeof(((struct sandbox *)0)->member) /                                     \
		       sizeof(((struct sandbox *)0)->member[0])                                    \
	}

#define NUMBER(member, of_tag, least, most, otherwise)                                             \
	{                                                                                          \
		.key = #member, .type = FIELD_NUMBER, .tag = (of_tag),                             \
		.offset = offsetof(struct sandbox, member), .min = (least), .max = (most),         \
		.builtin = (otherwise)                                                             \
	}

#define FLAG(member, of_tag)                                                                       \
	{                                                                                          \
		.key = #member, .type = FIELD_FLAG, .tag = (of_tag),                               \
		.offset = offsetof(struct sandbox, member), .max = 1                               \
	}

const struct sandbox_member sandbox_members[] = {
	TEXT(id, TAG_ID),
	TEXT(owner, TAG_OWNER),
	TEXT(task, TAG_TASK),
	LIST(layers, layer_count, TAG_LAYER),
	/* member, tag, min, max, builtin */
	NUMBER(cpu_milli, TAG_CPU_MILLI, LIMIT_CPU_MILLI_MIN, LIMIT_CPU_MILLI_MAX,
	       DEFAULT_CPU_MILLI),
	NUMBER(memory_mb, TAG_MEMORY_MB, LIMIT_MEMORY_MB_MIN, LIMIT_MEMORY_MB_MAX,
	       DEFAULT_MEMORY_MB),
	NUMBER(max_lifetime_s, TAG_LIFETIME_S, 0, LIMIT_LIFETIME_S, 0),
	LIST(allow_net, allow_net_count, TAG_ALLOW_NET),
	NUMBER(disk_mb, TAG_DISK_MB, 1, LIMIT_DISK_MB_MAX, 0), /* 0: create_read.c chooses */
	FLAG(on_disk, 0),
	NUMBER(created_ms, TAG_CREATED_MS, 0, CLOCK_MS_MAX, 0),
	NUMBER(upper, 0, 0, UPPER_MAX, 0),
	TEXT(active_snapshot, TAG_ACTIVE_SNAPSHOT),
	{.key = "maker",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct sandbox, maker),
	 .cap = sizeof(((struct sandbox *)0)->maker),
	 .may_miss = true},
};

const size_t sandbox_members_count = sizeof(sandbox_members) / sizeof(sandbox_members[0]);

const struct sandbox_member *sandbox_members_find(uint32_t tag)
{
	for (size_t i = 0; i < sandbox_members_count; i++)
		if (tag != 0 && sandbox_members[i].tag == tag)
			return &sandbox_members[i];
	return NULL;
}

static bool is_number(const struct sandbox_member *m)
{
	return m->type == FIELD_NUMBER || m->type == FIELD_FLAG;
}

void sandbox_members_reset(struct sandbox *sb)
{
	memset(sb, 0, sizeof(*sb));
	sb->runtime.slot = SLOT_NONE;
	for (size_t i = 0; i < sandbox_members_count; i++)
		if (is_number(&sandbox_members[i]))
			sandbox_member_set_number(sb, &sandbox_members[i],
						  sandbox_members[i].builtin);
}

bool sandbox_members_are_good(const struct sandbox *sb)
{
	for (size_t i = 0; i < sandbox_members_count; i++) {
		const struct sandbox_member *m = &sandbox_members[i];
		uint64_t number = is_number(m) ? sandbox_member_number(sb, m) : 0;
		if (is_number(m) && (number < m->min || number > m->max))
			return false;
	}
	return true;
}

uint64_t sandbox_member_number(const struct sandbox *sb, const struct sandbox_member *m)
{
	const void *at = (const char *)sb + m->offset;
	return m->type == FIELD_FLAG ? *(const bool *)at : *(const uint64_t *)at;
}

void sandbox_member_set_number(struct sandbox *sb, const struct sandbox_member *m, uint64_t number)
{
	void *at = (char *)sb + m->offset;
	if (m->type == FIELD_FLAG)
		*(bool *)at = number != 0;
	else
		*(uint64_t *)at = number;
}

size_t sandbox_member_count(const struct sandbox *sb, const struct sandbox_member *m)
{
	const void *count = (const char *)sb + m->count_offset;
	return m->type == FIELD_LIST ? *(const size_t *)count : 1;
}

void sandbox_member_set_count(struct sandbox *sb, const struct sandbox_member *m, size_t count)
{
	void *at = (char *)sb + m->count_offset;
	*(size_t *)at = count;
}

const char *sandbox_member_text(const struct sandbox *sb, const struct sandbox_member *m, size_t i)
{
	return (const char *)sb + m->offset + i * m->cap;
}

char *sandbox_member_room(struct sandbox *sb, const struct sandbox_member *m, size_t i)
{
	return (char *)sb + m->offset + i * m->cap;
}
