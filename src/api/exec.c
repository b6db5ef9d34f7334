/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/exec: run a command, and reply when it has ended, or while it runs. */
#include <unistd.h>

#include "call.h"
#include "exec_end.h"
#include "lib/fd.h"
#include "members.h"
#include "replies.h"
#include "stream.h"

static const struct member result[] = {
	{"exit_code", MEMBER_NUMBER, TAG_EXIT_CODE},
	{"stdout", MEMBER_TEXT, TAG_STDOUT},
	{"stderr", MEMBER_TEXT, TAG_STDERR},
	{"started", MEMBER_TIME, TAG_STARTED_MS},
	EXEC_END_MEMBERS,
	{"truncated", MEMBER_OBJECT, 0},
	{"stdout", MEMBER_FLAG, TAG_STDOUT_OMITTED},
	{"stderr", MEMBER_FLAG, TAG_STDERR_OMITTED},
	{NULL, MEMBER_END, 0},
};

/* Of one whose output was streamed. */
static const struct member streamed[] = {
	{"exit_code", MEMBER_NUMBER, TAG_EXIT_CODE},
	EXEC_OUTPUT_MEMBERS,
	{"started", MEMBER_TIME, TAG_STARTED_MS},
	EXEC_END_MEMBERS,
};

static const struct member stdout_omitted[] = {
	{"stdout", MEMBER_OBJECT, 0},
	{"offset", MEMBER_NUMBER, TAG_STDOUT_OMITTED_AT},
	{"bytes", MEMBER_NUMBER, TAG_STDOUT_OMITTED},
	{NULL, MEMBER_END, 0},
};

static const struct member stderr_omitted[] = {
	{"stderr", MEMBER_OBJECT, 0},
	{"offset", MEMBER_NUMBER, TAG_STDERR_OMITTED_AT},
	{"bytes", MEMBER_NUMBER, TAG_STDERR_OMITTED},
	{NULL, MEMBER_END, 0},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The members of an answer; "omitted" has the streams that are not whole, and is not there if both
 * are. */
static void write_result(struct jsonw *w, struct msg_cursor fields)
{
	bool cut_out = members_find_number(fields, TAG_STDOUT_OMITTED) > 0;
	bool cut_err = members_find_number(fields, TAG_STDERR_OMITTED) > 0;
	members_write(w, fields, result, COUNT(result));
	if (!cut_out && !cut_err)
		return;
	jsonw_key(w, "omitted");
	jsonw_object_begin(w);
	if (cut_out)
		members_write(w, fields, stdout_omitted, COUNT(stdout_omitted));
	if (cut_err)
		members_write(w, fields, stderr_omitted, COUNT(stderr_omitted));
	jsonw_object_end(w);
}

/* It takes long. The head goes out, so that clients and proxies that wait for it go on waiting;
 * then white space as often as squashd says that the command runs; the object in the end, which
 * says why where there is no result. */
static void __attribute__((noreturn)) reply_late(struct msg_cursor fields)
{
	struct buf *b = http_reply_buf();
	struct jsonw w;
	unsigned status;
	http_begin_stream(b, "application/json", "");
	do {
		buf_add_text(b, "\n");
		if (fd_write_all(STDOUT_FILENO, b->data, b->len) < 0)
			_exit(1);
		b->len = 0;
	} while ((status = call_next(&fields)) == MSG_PIECE);
	jsonw_init(&w, b);
	jsonw_object_begin(&w);
	if (status == 200) {
		write_result(&w, fields);
	} else {
		jsonw_key(&w, "exit_code");
		jsonw_null(&w);
		call_write_lost(&w, status, fields);
	}
	jsonw_object_end(&w);
	buf_add_text(b, "\n");
	_exit(!jsonw_is_whole(&w) || fd_write_all(STDOUT_FILENO, b->data, b->len) < 0);
}

static const struct member detached[] = {{"exec", MEMBER_NUMBER, TAG_EXEC}};

void reply_exec(unsigned status, struct msg_cursor fields)
{
	if (status == MSG_PIECE && fields.left == 0)
		reply_late(fields);
	if (status == MSG_PIECE)
		stream_reply(status, fields, streamed, COUNT(streamed));
	if (status == 202)
		members_reply(status, fields, detached, COUNT(detached), NULL);
	struct jsonw w;
	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	write_result(&w, fields);
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}
