/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/exec: run a command and reply when it has ended. */
#include "body.h"
#include "call.h"
#include "endpoints.h"
#include "members.h"

static const struct member result[] = {
	{"exit_code", MEMBER_NUMBER, TAG_EXIT_CODE},
	{"stdout", MEMBER_TEXT, TAG_STDOUT},
	{"stderr", MEMBER_TEXT, TAG_STDERR},
	{"started", MEMBER_TIME, TAG_STARTED_MS},
	{"ended", MEMBER_TIME, TAG_ENDED_MS},
	{"duration_ms", MEMBER_NUMBER, TAG_DURATION_MS},
	{"timed_out", MEMBER_FLAG, TAG_TIMED_OUT},
	{"oom_killed", MEMBER_FLAG, TAG_OOM_KILLED},
	{"signal", MEMBER_NUMBER_OR_NULL, TAG_SIGNAL},
	{"background", MEMBER_FLAG, TAG_BACKGROUND},
	{"truncated", MEMBER_OBJECT, 0},
	{"stdout", MEMBER_FLAG, TAG_STDOUT_TRUNCATED},
	{"stderr", MEMBER_FLAG, TAG_STDERR_TRUNCATED},
	{NULL, MEMBER_END, 0},
};

void exec_in_sandbox(struct http_request *q)
{
	struct msg_cursor reply;
	struct jsonw w;
	msg_add_text(call_fields(), TAG_ID, q->id);
	body_read(q, &body_form_exec);
	unsigned status = call_squashd(q, MSG_EXEC, &reply);

	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	members_write(&w, reply, result, sizeof(result) / sizeof(result[0]));
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}
