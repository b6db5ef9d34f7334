/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/execs, execs/:n and execs/:n/output: commands that nobody waits for. */
#include "call.h"
#include "endpoints.h"
#include "exec_end.h"
#include "members.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct member beginning[] = {
	{"exec", MEMBER_NUMBER, TAG_EXEC},
	{"cmd", MEMBER_TEXT, TAG_CMD},
	{"started", MEMBER_TIME, TAG_STARTED_MS},
	{"stdout_bytes", MEMBER_NUMBER, TAG_STDOUT_BYTES},
	{"stderr_bytes", MEMBER_NUMBER, TAG_STDERR_BYTES},
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

static void write_execs(struct jsonw *w, struct msg_cursor c)
{
	struct msg_cursor one;
	while (members_next_record(&c, &one))
		write_exec(w, one);
}

static void ask_for(const struct http_request *q)
{
	msg_add_text(call_fields(), TAG_ID, q->id);
	if (q->name[0] != '\0')
		msg_add_text(call_fields(), TAG_EXEC, q->name);
}

void get_execs(struct http_request *q)
{
	struct msg_cursor reply;
	struct jsonw w;
	ask_for(q);
	unsigned status = call_squashd(q, MSG_EXECS, &reply);
	jsonw_init(&w, http_reply_buf());
	jsonw_array_begin(&w);
	write_execs(&w, reply);
	jsonw_array_end(&w);
	http_reply_json(status, &w);
}

void get_exec(struct http_request *q)
{
	struct msg_cursor reply;
	struct jsonw w;
	ask_for(q);
	unsigned status = call_squashd(q, MSG_EXEC_INFO, &reply);
	jsonw_init(&w, http_reply_buf());
	write_execs(&w, reply);
	http_reply_json(status, &w);
}

void kill_exec(struct http_request *q)
{
	struct msg_cursor reply;
	ask_for(q);
	http_reply_empty(call_squashd(q, MSG_EXEC_KILL, &reply));
}

static const struct query_parameter output_parameters[] = {
	{"stream", TAG_OUTPUT},
	{"offset", TAG_OFFSET},
	{"wait", TAG_WAIT},
};

/* The bytes themselves; the head says which they are, and whether there will be more. */
void get_exec_output(struct http_request *q)
{
	struct msg_cursor reply;
	struct msg_field f;
	char head[128];
	struct buf b = {.data = head, .cap = sizeof(head)};
	ask_for(q);
	call_take_query(q, output_parameters, COUNT(output_parameters));
	unsigned status = call_squashd(q, MSG_EXEC_OUTPUT, &reply);
	bool runs = members_find_number(reply, TAG_STATE) == MSG_EXEC_RUNS;
	buf_printf(&b, "Squash-Offset: %llu\r\nSquash-State: %s\r\n",
		   (unsigned long long)members_find_number(reply, TAG_OFFSET),
		   runs ? "running" : "ended");
	head[b.len] = '\0';
	while (msg_next(&reply, &f) > 0)
		if (f.tag == TAG_OUTPUT)
			buf_add(http_reply_buf(), f.data, f.len);
	http_reply_bytes(status, head);
}
