/* SPDX-License-Identifier: MIT */
/* tokens and tokens/:name: the named tokens; of each what it is called and allows, and its text
 * only when it is made. */
#include "body.h"
#include "call.h"
#include "endpoints.h"
#include "record.h"

/* Write the members of one token, up to the next. */
static void write_token(struct jsonw *w, struct msg_cursor *c)
{
	struct msg_cursor next = *c;
	struct msg_field f;
	jsonw_object_begin(w);
	while (msg_next(&next, &f) > 0 && f.tag != TAG_RECORD) {
		*c = next;
		if (f.tag == TAG_NAME)
			record_write_text(w, "name", &f);
		else if (f.tag == TAG_RIGHT)
			record_write_text(w, "right", &f);
		else if (f.tag == TAG_TOKEN)
			record_write_text(w, "token", &f);
	}
	jsonw_object_end(w);
}

static void write_tokens(struct jsonw *w, struct msg_cursor c)
{
	struct msg_field f;
	while (msg_next(&c, &f) > 0)
		if (f.tag == TAG_RECORD)
			write_token(w, &c);
}

void get_tokens(struct http_request *q)
{
	struct msg_cursor reply;
	struct jsonw w;
	unsigned status = call_squashd(q, MSG_TOKENS, &reply);
	jsonw_init(&w, http_reply_buf());
	jsonw_array_begin(&w);
	write_tokens(&w, reply);
	jsonw_array_end(&w);
	http_reply_json(status, &w);
}

void create_token(struct http_request *q)
{
	struct msg_cursor reply;
	struct jsonw w;
	body_read(q, &body_form_token);
	unsigned status = call_squashd(q, MSG_CREATE_TOKEN, &reply);
	jsonw_init(&w, http_reply_buf());
	write_tokens(&w, reply);
	http_reply_json(status, &w);
}

void drop_token(struct http_request *q)
{
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_NAME, q->name);
	http_reply_empty(call_squashd(q, MSG_DROP_TOKEN, &reply));
}
