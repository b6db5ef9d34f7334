/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <string.h>

#include "lib/clock.h"
#include "members.h"

/* A sandbox as squashd sends it: numbers once, lists as the place where they begin. */
struct record {
	struct msg_field id, owner, task, active_snapshot;
	struct msg_cursor all;       /* its own fields, for walking over its lists */
	struct msg_cursor snapshots; /* those behind them */
	uint64_t cpu_milli, memory_mb, disk_mb, lifetime_s, created_ms, last_active_ms;
	uint64_t mounted, exec_count, upper_bytes;
};

static uint64_t *find_number(struct record *rec, uint32_t tag)
{
	switch (tag) {
	case TAG_CPU_MILLI:
		return &rec->cpu_milli;
	case TAG_MEMORY_MB:
		return &rec->memory_mb;
	case TAG_DISK_MB:
		return &rec->disk_mb;
	case TAG_LIFETIME_S:
		return &rec->lifetime_s;
	case TAG_CREATED_MS:
		return &rec->created_ms;
	case TAG_LAST_ACTIVE_MS:
		return &rec->last_active_ms;
	case TAG_MOUNTED:
		return &rec->mounted;
	case TAG_EXEC_COUNT:
		return &rec->exec_count;
	case TAG_UPPER_BYTES:
		return &rec->upper_bytes;
	default:
		return NULL;
	}
}

static struct msg_field *find_text(struct record *rec, uint32_t tag)
{
	switch (tag) {
	case TAG_ID:
		return &rec->id;
	case TAG_OWNER:
		return &rec->owner;
	case TAG_TASK:
		return &rec->task;
	case TAG_ACTIVE_SNAPSHOT:
		return &rec->active_snapshot;
	default:
		return NULL;
	}
}

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
	struct msg_field f;
	memset(rec, 0, sizeof(*rec));
	rec->all = skip_to(c, TAG_SNAPSHOT, TAG_RECORD);
	rec->snapshots = skip_to(c, TAG_RECORD, TAG_RECORD);
	for (struct msg_cursor at = rec->all; msg_next(&at, &f) > 0;) {
		uint64_t *number = find_number(rec, f.tag);
		struct msg_field *text = find_text(rec, f.tag);
		if (number)
			msg_number(&f, number);
		else if (text)
			*text = f;
	}
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

static void write_info(struct jsonw *w, const struct record *rec)
{
	jsonw_object_begin(w);
	record_write_text(w, "id", &rec->id);
	record_write_text(w, "owner", &rec->owner);
	record_write_text(w, "task", &rec->task);
	jsonw_key(w, "layers");
	members_write_texts(w, rec->all, TAG_LAYER);
	record_write_time(w, "created", rec->created_ms);
	record_write_time(w, "last_active", rec->last_active_ms);
	jsonw_key(w, "mounted");
	jsonw_bool(w, rec->mounted != 0);
	record_write_number(w, "exec_count", rec->exec_count);
	record_write_number(w, "upper_bytes", rec->upper_bytes);
	write_snapshots(w, rec->snapshots);
	jsonw_key(w, "active_snapshot");
	if (rec->active_snapshot.len > 0)
		jsonw_text(w, rec->active_snapshot.data, rec->active_snapshot.len);
	else
		jsonw_null(w);
	jsonw_key(w, "cpu");
	jsonw_milli(w, rec->cpu_milli);
	record_write_number(w, "memory_mb", rec->memory_mb);
	record_write_number(w, "max_lifetime_s", rec->lifetime_s);
	jsonw_key(w, "allow_net");
	members_write_texts(w, rec->all, TAG_ALLOW_NET);
	record_write_number(w, "disk_mb", rec->disk_mb);
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
