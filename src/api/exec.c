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
	{"stdout", MEMBER_FLAG, TAG_STDOUT_TRUNCATED},
	{"stderr", MEMBER_FLAG, TAG_STDERR_TRUNCATED},
	{NULL, MEMBER_END, 0},
};

/* Of one whose output was streamed. */
static const struct member streamed[] = {
	{"exit_code", MEMBER_NUMBER, TAG_EXIT_CODE},
	EXEC_OUTPUT_MEMBERS,
	{"started", MEMBER_TIME, TAG_STARTED_MS},
	EXEC_END_MEMBERS,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
		members_write(&w, fields, result, COUNT(result));
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
	members_reply(status, fields, result, COUNT(result), NULL);
}
