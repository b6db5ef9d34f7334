/* SPDX-License-Identifier: MIT */
#include "record.h"

#include "array.h"
#include "lib/sandbox_fields.h"
#include "members.h"

/* A sandbox as squashd sends it. */
struct record {
	struct msg_cursor all;       /* its own fields */
	struct msg_cursor snapshots; /* those behind them */
};

/* Step over the fields up to the next snapshot, or to the end. Returns what was stepped over. */
static struct msg_cursor skip_to_snapshot(struct msg_cursor *c)
{
	struct msg_cursor skipped = *c;
	struct msg_field f;
	for (struct msg_cursor next = *c; msg_next(&next, &f) > 0 && f.tag != TAG_SNAPSHOT;
	     *c = next)
		;
	skipped.left -= c->left;
	return skipped;
}

/* Step over the next snapshot, up to another's fields. *one: its fields. False when there is no
 * further one. */
static bool next_snapshot(struct msg_cursor *c, struct msg_cursor *one)
{
	struct msg_field f;
	if (msg_next(c, &f) <= 0 || f.tag != TAG_SNAPSHOT)
		return false;
	*one = skip_to_snapshot(c);
	return true;
}

static void write_snapshots(struct jsonw *w, struct msg_cursor c)
{
	static const struct member snapshot[] = {
		{"name", MEMBER_TEXT, TAG_NAME},          {"size", MEMBER_NUMBER, TAG_SIZE},
		{"created", MEMBER_TIME, TAG_CREATED_MS}, {"label", MEMBER_TEXT, TAG_LABEL},
		{"layers", MEMBER_TEXTS, TAG_LAYER},
	};
	struct msg_cursor one;
	jsonw_key(w, "snapshots");
	jsonw_array_begin(w);
	while (next_snapshot(&c, &one)) {
		jsonw_object_begin(w);
		members_write(w, one, snapshot, sizeof(snapshot) / sizeof(snapshot[0]));
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

/* What a request can't set. */
static void write_state(struct jsonw *w, const struct record *rec)
{
	static const struct member state[] = {
		{"created", MEMBER_TIME, TAG_CREATED_MS},
		{"last_active", MEMBER_TIME, TAG_LAST_ACTIVE_MS},
		{"mounted", MEMBER_FLAG, TAG_MOUNTED},
		{"exec_count", MEMBER_NUMBER, TAG_EXEC_COUNT},
		{"upper_bytes", MEMBER_NUMBER, TAG_UPPER_BYTES},
	};
	static const struct member active = {"active_snapshot", MEMBER_TEXT_OR_NULL,
					     TAG_ACTIVE_SNAPSHOT};
	members_write(w, rec->all, state, sizeof(state) / sizeof(state[0]));
	write_snapshots(w, rec->snapshots);
	members_write(w, rec->all, &active, 1);
}

static void write_info(struct jsonw *w, struct msg_cursor c)
{
	struct record rec = {.all = skip_to_snapshot(&c), .snapshots = c};
	jsonw_object_begin(w);
	for (size_t i = 0; i < sandbox_fields_count; i++) {
		members_write_field(w, rec.all, &sandbox_fields[i]);
		if (sandbox_fields[i].tag == TAG_LAYER)
			write_state(w, &rec);
	}
	jsonw_object_end(w);
}

void record_reply(unsigned status, struct msg_cursor c)
{
	array_reply_first(status, c, write_info);
}

void record_reply_all(unsigned status, struct msg_cursor c)
{
	array_reply(status, c, write_info);
}
