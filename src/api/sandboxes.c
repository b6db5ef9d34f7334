/* SPDX-License-Identifier: MIT */
/* sandboxes and sandboxes/:id: create, list, info, destroy. */
#include <string.h>

#include "body.h"
#include "call.h"
#include "endpoints.h"
#include "lib/clock.h"

/* A sandbox's record as squashd sends it: numbers once, lists as the place where they begin. */
struct record {
	struct msg_field id, owner, task;
	struct msg_cursor all; /* the record's fields, for walking over its lists */
	uint64_t cpu_milli, memory_mb, lifetime_s, created_ms, last_active_ms;
	uint64_t mounted, exec_count, upper_bytes;
};

static uint64_t *find_number(struct record *rec, uint32_t tag)
{
	switch (tag) {
	case TAG_CPU_MILLI:
		return &rec->cpu_milli;
	case TAG_MEMORY_MB:
		return &rec->memory_mb;
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

/* Read one record, up to the next TAG_RECORD or the end; the cursor stands on its first field. */
static void read_record(struct msg_cursor *c, struct record *rec)
{
	struct msg_field f;
	memset(rec, 0, sizeof(*rec));
	rec->all = *c;
	for (struct msg_cursor next = *c; msg_next(&next, &f) > 0 && f.tag != TAG_RECORD;
	     *c = next) {
		uint64_t *number = find_number(rec, f.tag);
		if (number)
			msg_number(&f, number);
		else if (f.tag == TAG_ID)
			rec->id = f;
		else if (f.tag == TAG_OWNER)
			rec->owner = f;
		else if (f.tag == TAG_TASK)
			rec->task = f;
	}
	rec->all.left -= c->left;
}

static void write_text(struct jsonw *w, const char *key, const struct msg_field *f)
{
	jsonw_key(w, key);
	jsonw_text(w, f->data, f->len);
}

static void write_list(struct jsonw *w, const char *key, const struct record *rec, uint32_t tag)
{
	struct msg_cursor c = rec->all;
	struct msg_field f;
	jsonw_key(w, key);
	jsonw_array_begin(w);
	while (msg_next(&c, &f) > 0)
		if (f.tag == tag)
			jsonw_text(w, f.data, f.len);
	jsonw_array_end(w);
}

static void write_time(struct jsonw *w, const char *key, uint64_t wall_ms)
{
	char text[CLOCK_TEXT_BYTES];
	jsonw_key(w, key);
	jsonw_string(w, clock_text(wall_ms, text));
}

static void write_info(struct jsonw *w, const struct record *rec)
{
	jsonw_object_begin(w);
	write_text(w, "id", &rec->id);
	write_text(w, "owner", &rec->owner);
	write_text(w, "task", &rec->task);
	write_list(w, "layers", rec, TAG_LAYER);
	write_time(w, "created", rec->created_ms);
	write_time(w, "last_active", rec->last_active_ms);
	jsonw_key(w, "mounted");
	jsonw_bool(w, rec->mounted != 0);
	jsonw_key(w, "exec_count");
	jsonw_uint(w, rec->exec_count);
	jsonw_key(w, "upper_bytes");
	jsonw_uint(w, rec->upper_bytes);
	jsonw_key(w, "snapshots");
	jsonw_array_begin(w);
	jsonw_array_end(w);
	jsonw_key(w, "active_snapshot");
	jsonw_null(w);
	jsonw_key(w, "cpu");
	jsonw_milli(w, rec->cpu_milli);
	jsonw_key(w, "memory_mb");
	jsonw_uint(w, rec->memory_mb);
	jsonw_key(w, "max_lifetime_s");
	jsonw_uint(w, rec->lifetime_s);
	write_list(w, "allow_net", rec, TAG_ALLOW_NET);
	jsonw_object_end(w);
}

/* Reply with the first record, or with an array of all. */
static void __attribute__((noreturn))
reply_records(unsigned status, struct msg_cursor c, bool array)
{
	struct jsonw w;
	struct msg_field f;
	struct record rec;
	jsonw_init(&w, http_reply_buf());
	if (array)
		jsonw_array_begin(&w);
	while (msg_next(&c, &f) > 0) {
		if (f.tag != TAG_RECORD)
			continue;
		read_record(&c, &rec);
		write_info(&w, &rec);
	}
	if (array)
		jsonw_array_end(&w);
	http_reply_json(status, &w);
}

void get_sandboxes(struct http_request *q, const char *id)
{
	struct msg_cursor reply;
	(void)id;
	unsigned status = call_squashd(q, MSG_LIST, &reply);
	reply_records(status, reply, true);
}

void create_sandbox(struct http_request *q, const char *id)
{
	struct msg_cursor reply;
	(void)id;
	body_read(q, &body_form_create);
	unsigned status = call_squashd(q, MSG_CREATE, &reply);
	reply_records(status, reply, false);
}

void get_sandbox(struct http_request *q, const char *id)
{
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, id);
	unsigned status = call_squashd(q, MSG_INFO, &reply);
	reply_records(status, reply, false);
}

void destroy_sandbox(struct http_request *q, const char *id)
{
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, id);
	http_reply_empty(call_squashd(q, MSG_DESTROY, &reply));
}
