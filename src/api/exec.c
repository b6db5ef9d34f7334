/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/exec: run a command and reply when it has ended. */
#include "body.h"
#include "call.h"
#include "endpoints.h"
#include "lib/clock.h"

static void write_field(struct jsonw *w, const struct msg_field *f)
{
	static const struct {
		uint32_t tag;
		const char *key;
		enum { NUMBER, TEXT, TIME } type;
	} members[] = {
		{TAG_EXIT_CODE, "exit_code", NUMBER}, {TAG_STDOUT, "stdout", TEXT},
		{TAG_STDERR, "stderr", TEXT},         {TAG_STARTED_MS, "started", TIME},
		{TAG_ENDED_MS, "ended", TIME},        {TAG_DURATION_MS, "duration_ms", NUMBER},
	};
	char time[CLOCK_TEXT_BYTES];
	uint64_t number = 0;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (members[i].tag != f->tag)
			continue;
		jsonw_key(w, members[i].key);
		if (members[i].type == TEXT) {
			jsonw_text(w, f->data, f->len);
			continue;
		}
		msg_number(f, &number);
		if (members[i].type == TIME)
			jsonw_string(w, clock_text(number, time));
		else
			jsonw_uint(w, number);
	}
}

void exec_in_sandbox(struct http_request *q, const char *id)
{
	static const struct body_member members[] = {
		{"cmd", BODY_TEXT, TAG_CMD},
		{"workdir", BODY_TEXT, TAG_WORKDIR},
		{"timeout", BODY_MILLI, TAG_TIMEOUT_MS},
		{"env", BODY_MAP, TAG_ENV},
		{"stdin", BODY_BYTES, TAG_STDIN},
	};
	struct msg_cursor reply;
	struct msg_field f;
	struct jsonw w;
	msg_add_text(call_fields(), TAG_ID, id);
	body_read(q, members, sizeof(members) / sizeof(members[0]));
	unsigned status = call_squashd(q, MSG_EXEC, &reply);

	struct buf *body = http_reply_buf();
	jsonw_init(&w, body);
	jsonw_object_begin(&w);
	while (msg_next(&reply, &f) > 0)
		write_field(&w, &f);
	jsonw_object_end(&w);
	buf_add_text(body, "\n");
	http_reply_json(status, body);
}
