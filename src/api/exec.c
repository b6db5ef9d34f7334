/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/exec: run a command, and reply when it has ended, or while it runs. */
#include "exec_end.h"
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

static const struct member detached[] = {{"exec", MEMBER_NUMBER, TAG_EXEC}};

void reply_exec(unsigned status, struct msg_cursor fields)
{
	if (status == MSG_PIECE)
		stream_reply(status, fields, streamed, COUNT(streamed));
	if (status == 202)
		members_reply(status, fields, detached, COUNT(detached), NULL);
	members_reply(status, fields, result, COUNT(result), NULL);
}
