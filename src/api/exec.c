/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/exec: run a command and reply when it has ended. */
#include "body.h"
#include "call.h"
#include "endpoints.h"
#include "lib/clock.h"

/* A result's members, in the order in which squashd sends them. */
enum member_type { NUMBER, TEXT, TIME, FLAG, NUMBER_OR_NULL };

struct member {
	uint32_t tag;
	const char *key;
	enum member_type type;
};

static const struct member result[] = {
	{TAG_EXIT_CODE, "exit_code", NUMBER},   {TAG_STDOUT, "stdout", TEXT},
	{TAG_STDERR, "stderr", TEXT},           {TAG_STARTED_MS, "started", TIME},
	{TAG_ENDED_MS, "ended", TIME},          {TAG_DURATION_MS, "duration_ms", NUMBER},
	{TAG_TIMED_OUT, "timed_out", FLAG},     {TAG_OOM_KILLED, "oom_killed", FLAG},
	{TAG_SIGNAL, "signal", NUMBER_OR_NULL}, {TAG_BACKGROUND, "background", FLAG},
};

static const struct member truncated[] = {
	{TAG_STDOUT_TRUNCATED, "stdout", FLAG},
	{TAG_STDERR_TRUNCATED, "stderr", FLAG},
};

static void write_value(struct jsonw *w, enum member_type type, const struct msg_field *f)
{
	char time[CLOCK_TEXT_BYTES];
	uint64_t number = 0;
	if (type == TEXT) {
		jsonw_text(w, f->data, f->len);
		return;
	}
	msg_number(f, &number);
	if (type == TIME)
		jsonw_string(w, clock_text(number, time));
	else if (type == FLAG)
		jsonw_bool(w, number != 0);
	else if (type == NUMBER_OR_NULL && number == 0)
		jsonw_null(w);
	else
		jsonw_uint(w, number);
}

/* Write the fields that are in the table. */
static void write_table(struct jsonw *w, struct msg_cursor reply, const struct member *table,
			size_t count)
{
	struct msg_field f;
	while (msg_next(&reply, &f) > 0) {
		for (size_t i = 0; i < count; i++) {
			if (table[i].tag != f.tag)
				continue;
			jsonw_key(w, table[i].key);
			write_value(w, table[i].type, &f);
		}
	}
}

void exec_in_sandbox(struct http_request *q)
{
	struct msg_cursor reply;
	struct jsonw w;
	msg_add_text(call_fields(), TAG_ID, q->id);
	body_read(q, &body_form_exec);
	unsigned status = call_squashd(q, MSG_EXEC, &reply);

	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	write_table(&w, reply, result, sizeof(result) / sizeof(result[0]));
	jsonw_key(&w, "truncated");
	jsonw_object_begin(&w);
	write_table(&w, reply, truncated, sizeof(truncated) / sizeof(truncated[0]));
	jsonw_object_end(&w);
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}
