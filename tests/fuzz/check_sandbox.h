/* SPDX-License-Identifier: MIT */
/* What holds of anything that squashd lets in, be it by a message or by a meta.json. */
#ifndef SQUASH_TESTS_FUZZ_CHECK_SANDBOX_H
#define SQUASH_TESTS_FUZZ_CHECK_SANDBOX_H

#include <errno.h>
#include <stdbool.h>

#include "../unit/same_sandbox.h"
#include "fuzz.h"
#include "lib/allow.h"
#include "lib/msg.h"
#include "squashd/sandbox.h"
#include "squashd/store/meta_text.h"
#include "squashd/store/snapshot_text.h"
#include "squashd/wire/create_read.h"

static inline bool is_terminated(const char *text, size_t cap)
{
	return strnlen(text, cap) < cap;
}

/* No text of a request that was taken holds a NUL: what is read is what was sent. */
static inline void check_texts(struct msg_cursor fields)
{
	struct msg_field f;
	while (msg_next(&fields, &f) > 0)
		if (f.tag == TAG_ID || f.tag == TAG_OWNER || f.tag == TAG_TASK ||
		    f.tag == TAG_LAYER || f.tag == TAG_ALLOW_NET || f.tag == TAG_CMD ||
		    f.tag == TAG_WORKDIR || f.tag == TAG_ENV || f.tag == TAG_FROM ||
		    f.tag == TAG_MODULE || f.tag == TAG_LABEL || f.tag == TAG_SNAPSHOT_NAME ||
		    f.tag == TAG_SHA256)
			CHECK(!memchr(f.data, 0, f.len));
}

/* A stack, lowest first; the last of its snapshots is the active one, empty for none. */
static inline void check_layers(const struct sandbox *sb)
{
	CHECK(sb->layer_count <= LIMIT_LAYERS);
	for (size_t i = 0; i < sb->layer_count; i++) {
		CHECK(is_terminated(sb->layers[i], sizeof(sb->layers[i])));
		CHECK(snapshot_is_layer(sb->layers[i]));
		CHECK(i == 0 || strcmp(sb->layers[i - 1], sb->layers[i]) < 0);
	}
	const char *top = sb->layer_count > 0 ? sb->layers[sb->layer_count - 1] : "";
	bool snapshot = snapshot_is_name(top, strlen(top), NULL);
	CHECK(strcmp(sb->active_snapshot, snapshot ? top : "") == 0);
}

/* It keeps to limits.h. */
static inline void check_sandbox(const struct sandbox *sb)
{
	CHECK(is_terminated(sb->id, sizeof(sb->id)) && meta_is_id(sb->id, strlen(sb->id)));
	CHECK(is_terminated(sb->owner, sizeof(sb->owner)));
	CHECK(is_terminated(sb->task, sizeof(sb->task)));
	CHECK(is_terminated(sb->active_snapshot, sizeof(sb->active_snapshot)));
	check_layers(sb);
	CHECK(sb->cpu_milli >= LIMIT_CPU_MILLI_MIN && sb->cpu_milli <= LIMIT_CPU_MILLI_MAX);
	CHECK(sb->memory_mb >= LIMIT_MEMORY_MB_MIN && sb->memory_mb <= LIMIT_MEMORY_MB_MAX);
	CHECK(sb->max_lifetime_s <= LIMIT_LIFETIME_S);
	CHECK(sb->allow_net_count <= LIMIT_ALLOW_NET);
	for (size_t i = 0; i < sb->allow_net_count; i++)
		CHECK(is_terminated(sb->allow_net[i], sizeof(sb->allow_net[i])));
	CHECK(sb->disk_mb >= 1 && sb->disk_mb <= LIMIT_DISK_MB_MAX);
	CHECK(sandbox_members_are_good(sb));
	CHECK(sb->runtime.slot == SLOT_NONE && !sb->runtime.down);
}

/* Whether a record was taken: rc is what reading it returned. One that is refused is damaged, and
 * it is said how. */
static inline bool is_taken(int rc, const struct err *e)
{
	CHECK(rc == 0 || (rc == -EBADMSG && e->number == EBADMSG && e->text[0]));
	return rc == 0;
}

/* A record that was written, all of it, in memory of just its size, which the caller frees. */
static inline uint8_t *copy_record(const struct buf *out)
{
	CHECK(!out->full);
	return fuzz_copy(out->data, out->len);
}

/* It has a stack, and survives being saved and loaded. */
static inline void check_saved(const struct sandbox *sb)
{
	static struct sandbox again;
	static char text[META_BYTES];
	struct buf out = {.data = text, .cap = sizeof(text)};
	struct err e;
	CHECK(sb->layer_count > 0);
	meta_write(&out, sb);
	uint8_t *copy = copy_record(&out);
	CHECK(meta_read(copy, out.len, &again, &e) == 0);
	free(copy);
	CHECK(sandbox_is_same(sb, &again));
}

/* What a request names as reachable can be read; an old meta.json may hold anything. */
static inline void check_hosts(const struct sandbox *sb)
{
	struct allow allow;
	CHECK(sb->allow_net_count <= LIMIT_ALLOW_NET);
	for (size_t i = 0; i < sb->allow_net_count; i++) {
		CHECK(is_terminated(sb->allow_net[i], sizeof(sb->allow_net[i])));
		CHECK(!allow_parse(sb->allow_net[i], &allow));
	}
}

/* What a request may make: of modules alone, or of a snapshot, which has the stack. */
static inline void check_create(const struct create *c)
{
	const struct sandbox *sb = &c->sb;
	check_sandbox(sb);
	check_hosts(sb);
	CHECK(sb->on_disk || sb->disk_mb < sb->memory_mb);
	CHECK(sb->active_snapshot[0] == '\0' && sb->upper == 0);
	CHECK(is_terminated(c->from_id, sizeof(c->from_id)));
	CHECK(is_terminated(c->from_snapshot, sizeof(c->from_snapshot)));
	if (c->from_id[0]) {
		CHECK(meta_is_id(c->from_id, strlen(c->from_id)) && sb->layer_count == 0);
		CHECK(snapshot_is_name(c->from_snapshot, strlen(c->from_snapshot), NULL));
	} else {
		CHECK(c->from_snapshot[0] == '\0');
		check_saved(sb);
	}
}

#endif
