/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/activate, snapshot, restore and snapshots/:name: what changes the layers that a
 * sandbox stands on, or may. */
#include "body.h"
#include "call.h"
#include "endpoints.h"
#include "record.h"

/* Ask for op with what is in the body; the answer is the sandbox's info. */
static void __attribute__((noreturn))
change_layers(struct http_request *q, enum msg_op op, const struct body_form *form)
{
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	body_read(q, form);
	unsigned status = call_squashd(q, op, &reply);
	record_reply(status, reply);
}

void activate_module(struct http_request *q)
{
	change_layers(q, MSG_ACTIVATE, &body_form_activate);
}

void restore_snapshot(struct http_request *q)
{
	change_layers(q, MSG_RESTORE, &body_form_restore);
}

void take_snapshot(struct http_request *q)
{
	struct msg_cursor reply;
	struct snapshot snapshot;
	struct jsonw w;
	msg_add_text(call_fields(), TAG_ID, q->id);
	body_read(q, &body_form_snapshot);
	unsigned status = call_squashd(q, MSG_SNAPSHOT, &reply);

	record_next_snapshot(&reply, &snapshot);
	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	record_write_text(&w, "snapshot", &snapshot.name);
	record_write_number(&w, "size", snapshot.size);
	record_write_time(&w, "created", snapshot.created_ms);
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}

void drop_snapshot(struct http_request *q)
{
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	msg_add_text(call_fields(), TAG_SNAPSHOT_NAME, q->name);
	http_reply_empty(call_squashd(q, MSG_DROP_SNAPSHOT, &reply));
}
