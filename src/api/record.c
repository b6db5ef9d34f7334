/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/sandbox_fields.h"
#include "members.h"

/* A sandbox as squashd sends it. */
struct record {
	struct msg_cursor all;       /* its own fields */
	struct msg_cursor snapshots; /* those behind them */
};

/* Step over the fields up to one with either tag, or to the end. Returns what was stepped over. */
static struct msg_cursor skip_to(struct msg_cursor *c, uint32_t tag, uint32_t other)
{
	struct msg_cursor skipped = *c;
	struct msg_field f;
	for (struct msg_cursor next = *c; msg_next(&next, &f) > 0 && f.tag != tag && f.tag != other;
	     *c = next)
		;
	skipped.left -= c->left;
	return skipped;
}

/* Read one record, up to the next TAG_RECORD or the end; the cursor stands on its first field. */
static void read_record(struct msg_cursor *c, struct record *rec)
{
	rec->all = skip_to(c, TAG_SNAPSHOT, TAG_RECORD);
	rec->snapshots = skip_to(c, TAG_RECORD, TAG_RECORD);
}

bool record_next_snapshot(struct msg_cursor *c, struct snapshot *snapshot)
{
	struct msg_field f;
	memset(snapshot, 0, sizeof(*snapshot));
	if (msg_next(c, &f) <= 0 || f.tag != TAG_SNAPSHOT)
		return false;
	snapshot->all = skip_to(c, TAG_SNAPSHOT, TAG_RECORD);
	for (struct msg_cursor at = snapshot->all; msg_next(&at, &f) > 0;) {
		if (f.tag == TAG_NAME)
			snapshot->name = f;
		else if (f.tag == TAG_LABEL)
			snapshot->label = f;
		else if (f.tag == TAG_SIZE)
			msg_number(&f, &snapshot->size);
		else if (f.tag == TAG_CREATED_MS)
			msg_number(&f, &snapshot->created_ms);
	}
	return true;
}

void record_write_text(struct jsonw *w, const char *key, const struct msg_field *f)
{
	jsonw_key(w, key);
	jsonw_text(w, f->data, f->len);
}

void record_write_number(struct jsonw *w, const char *key, uint64_t number)
{
	jsonw_key(w, key);
	jsonw_uint(w, number);
}

void record_write_time(struct jsonw *w, const char *key, uint64_t wall_ms)
{
	char text[CLOCK_TEXT_BYTES];
	jsonw_key(w, key);
	jsonw_string(w, clock_text(wall_ms, text));
}

static void write_snapshots(struct jsonw *w, struct msg_cursor c)
{
	struct snapshot snapshot;
	jsonw_key(w, "snapshots");
	jsonw_array_begin(w);
	while (record_next_snapshot(&c, &snapshot)) {
		jsonw_object_begin(w);
		record_write_text(w, "name", &snapshot.name);
		record_write_number(w, "size", snapshot.size);
		record_write_time(w, "created", snapshot.created_ms);
		record_write_text(w, "label", &snapshot.label);
		jsonw_key(w, "layers");
		members_write_texts(w, snapshot.all, TAG_LAYER);
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

static void write_info(struct jsonw *w, const struct record *rec)
{
	jsonw_object_begin(w);
	for (size_t i = 0; i < sandbox_fields_count; i++) {
		members_write_field(w, rec->all, &sandbox_fields[i]);
		if (sandbox_fields[i].tag == TAG_LAYER)
			write_state(w, rec);
	}
	jsonw_object_end(w);
}

/* Write the records that are left in the message, at most so many. */
static void write_records(struct jsonw *w, struct msg_cursor c, size_t max)
{
	struct msg_field f;
	struct record rec;
	while (max > 0 && msg_next(&c, &f) > 0) {
		if (f.tag != TAG_RECORD)
			continue;
		read_record(&c, &rec);
		write_info(w, &rec);
		max--;
	}
}

void record_reply(unsigned status, struct msg_cursor c)
{
	struct jsonw w;
	jsonw_init(&w, http_reply_buf());
	write_records(&w, c, 1);
	http_reply_json(status, &w);
}

void record_reply_all(unsigned status, struct msg_cursor c)
{
	struct jsonw w;
	jsonw_init(&w, http_reply_buf());
	jsonw_array_begin(&w);
	write_records(&w, c, SIZE_MAX);
	jsonw_array_end(&w);
	http_reply_json(status, &w);
}
