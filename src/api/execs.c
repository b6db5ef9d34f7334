/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/execs, execs/:n and execs/:n/output: commands that nobody waits for. */
#include "array.h"
#include "exec_end.h"
#include "http.h"
#include "members.h"
#include "replies.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct member beginning[] = {
	{"exec", MEMBER_NUMBER, TAG_EXEC},
	{"cmd", MEMBER_TEXT, TAG_CMD},
	{"started", MEMBER_TIME, TAG_STARTED_MS},
	EXEC_OUTPUT_MEMBERS,
};

static const struct member result[] = {
	{"exit_code", MEMBER_NUMBER, TAG_EXIT_CODE},
	EXEC_END_MEMBERS,
};

static void write_exec(struct jsonw *w, struct msg_cursor c)
{
	static const char *const states[] = {
		[MSG_EXEC_RUNS] = "running", [MSG_EXEC_ENDED] = "ended", [MSG_EXEC_LOST] = "lost"};
	uint64_t state = members_find_number(c, TAG_STATE);
	jsonw_object_begin(w);
	members_write(w, c, beginning, COUNT(beginning));
	jsonw_key(w, "state");
	jsonw_string(w, state >= MSG_EXEC_RUNS && state < COUNT(states) ? states[state] : "");
	jsonw_key(w, "result");
	if (state == MSG_EXEC_ENDED) {
		jsonw_object_begin(w);
		members_write(w, c, result, COUNT(result));
		jsonw_object_end(w);
	} else {
		jsonw_null(w);
	}
	jsonw_object_end(w);
}

void reply_execs(unsigned status, struct msg_cursor fields)
{
	array_reply(status, fields, write_exec);
}

void reply_exec_info(unsigned status, struct msg_cursor fields)
{
	array_reply_first(status, fields, write_exec);
}

/* The bytes themselves; the head says which they are, and whether there will be more. */
void reply_exec_output(unsigned status, struct msg_cursor fields)
{
	struct msg_field f;
	char head[128];
	struct buf b = {.data = head, .cap = sizeof(head)};
	bool runs = members_find_number(fields, TAG_STATE) == MSG_EXEC_RUNS;
	buf_printf(&b, "Squash-Offset: %llu\r\nSquash-State: %s\r\n",
		   (unsigned long long)members_find_number(fields, TAG_OFFSET),
		   runs ? "running" : "ended");
	head[b.len] = '\0';
	while (msg_next(&fields, &f) > 0)
		if (f.tag == TAG_DATA)
			buf_add(http_reply_buf(), f.data, f.len);
	http_reply_bytes(status, head);
}
