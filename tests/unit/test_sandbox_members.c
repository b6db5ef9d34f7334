/* SPDX-License-Identifier: MIT */
/* The two tables of a sandbox's fields agree, and meta.json comes back as it was written. */
#include <string.h>

#include "lib/sandbox_fields.h"
#include "same_sandbox.h"
#include "squashd/store/meta_text.h"
#include "squashd/store/sandbox_members.h"
#include "tap.h"

static enum field_type kept_as(enum field_type type)
{
	return type == FIELD_MILLI ? FIELD_NUMBER : type == FIELD_COMMAS ? FIELD_LIST : type;
}

static void test_tables(void)
{
	for (size_t i = 0; i < sandbox_fields_count; i++) {
		const struct field *f = &sandbox_fields[i];
		const struct sandbox_member *m = sandbox_members_find(f->tag);
		tap_ok(m && m->type == kept_as(f->type), "%s has a member of its type", f->name);
		tap_ok(sandbox_fields_find(f->tag) == f, "%s has a tag of its own", f->name);
	}
	for (size_t i = 0; i < sandbox_members_count; i++) {
		const struct sandbox_member *m = &sandbox_members[i];
		tap_ok(m->tag == 0 || sandbox_members_find(m->tag) == m,
		       "member %s has a tag of its own", m->key);
		tap_ok(m->min <= m->max && m->builtin <= m->max, "member %s has limits", m->key);
	}
	tap_ok(!sandbox_members_find(0) && !sandbox_fields_find(0), "0 is no field's tag");
}

static bool read_text(const char *text, struct sandbox *sb)
{
	struct err e;
	return meta_read((const uint8_t *)text, strlen(text), sb, &e) == 0;
}

/* What the members below are written as, in this order. Later members may stand between. */
static const char *const written[] = {
	"{\"version\":2",
	",\"id\":\"dev\"",
	",\"owner\":\"me\"",
	",\"task\":\"\"",
	",\"layers\":[\"000-a\",\"900-snapshot-1\"]",
	",\"cpu_milli\":2000",
	",\"memory_mb\":1024",
	",\"max_lifetime_s\":0",
	",\"allow_net\":[\"a.example\"]",
	",\"disk_mb\":7",
	",\"on_disk\":true",
	",\"created_ms\":5",
	",\"upper\":3",
	",\"active_snapshot\":\"900-snapshot-1\"",
	",\"maker\":\"192.0.2.7\"",
};

static void fill(struct sandbox *sb)
{
	sandbox_members_reset(sb);
	strcpy(sb->id, "dev");
	strcpy(sb->owner, "me");
	strcpy(sb->layers[0], "000-a");
	strcpy(sb->layers[1], "900-snapshot-1");
	sb->layer_count = 2;
	strcpy(sb->allow_net[0], "a.example");
	sb->allow_net_count = 1;
	strcpy(sb->active_snapshot, "900-snapshot-1");
	sb->disk_mb = 7;
	sb->on_disk = true;
	sb->created_ms = 5;
	sb->upper = 3;
	strcpy(sb->maker, "192.0.2.7");
}

/* Sets each number to another than its builtin, so that one which isn't kept is noticed. */
static void change_numbers(struct sandbox *sb)
{
	for (size_t i = 0; i < sandbox_members_count; i++) {
		const struct sandbox_member *m = &sandbox_members[i];
		if (m->type == FIELD_NUMBER || m->type == FIELD_FLAG)
			sandbox_member_set_number(sb, m, m->max - (m->builtin == m->max));
	}
}

static bool comes_back(const struct sandbox *sb, char *text)
{
	static struct sandbox again;
	struct buf out = {.data = text, .cap = META_BYTES - 1};
	meta_write(&out, sb);
	text[out.len] = '\0';
	return !out.full && read_text(text, &again) && sandbox_is_same(sb, &again);
}

static void test_written(void)
{
	static struct sandbox sb, again;
	static char text[META_BYTES], older[META_BYTES];
	const char *at = text;
	fill(&sb);
	tap_ok(comes_back(&sb, text), "what is written is read: %s", text);
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		at = at ? strstr(at, written[i]) : NULL;
		tap_ok(at != NULL, "meta.json has, in its order, %s", written[i]);
		strcat(older, written[i]);
	}
	strcat(older, "}");
	tap_ok(read_text(older, &again) && sandbox_is_same(&sb, &again),
	       "without later members it is read as the same");
	change_numbers(&sb);
	tap_ok(comes_back(&sb, text), "so is one with other numbers: %s", text);
}

static void test_missing(void)
{
#define STATE "\"on_disk\":false,\"created_ms\":1,\"upper\":0,\"active_snapshot\":\"\"}"
#define FIELDS "{\"version\":2,\"id\":\"dev\",\"layers\":[\"000-a\"],\"disk_mb\":1,"
	static struct sandbox sb;
	tap_ok(read_text(FIELDS STATE, &sb) && sb.cpu_milli == DEFAULT_CPU_MILLI &&
		       sb.allow_net_count == 0 && sb.owner[0] == '\0',
	       "a field that isn't there is as create has it without");
	tap_ok(sb.maker[0] == '\0', "who made it isn't known of one of an older version");
	static const char *const bad[] = {
		FIELDS "\"on_disk\":false,\"created_ms\":1,\"active_snapshot\":\"\"}",
		FIELDS "\"created_ms\":1,\"upper\":0,\"active_snapshot\":\"\"}",
		"{\"version\":2,\"id\":\"dev\",\"layers\":[\"000-a\"]," STATE,
		"{\"version\":2,\"layers\":[\"000-a\"],\"disk_mb\":1," STATE,
		"{\"version\":2,\"id\":\"dev\",\"disk_mb\":1," STATE,
		FIELDS "\"cpu_milli\":9," STATE,
		FIELDS "\"cpu_milli\":\"10\"," STATE,
		FIELDS "\"allow_net\":\"a\"," STATE,
		FIELDS "\"owner\":null," STATE,
		FIELDS "\"maker\":1," STATE,
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(!read_text(bad[i], &sb), "damaged: %s", bad[i]);
}

int main(void)
{
	test_tables();
	test_written();
	test_missing();
	return tap_done();
}
