/* SPDX-License-Identifier: MIT */
/* modules, and sandboxes/:id/modules: what layers there are to build sandboxes of. */
#include <unistd.h>

#include "call.h"
#include "download.h"
#include "endpoints.h"
#include "members.h"
#include "upload.h"

void get_modules(struct http_request *q)
{
	static const struct member module[] = {
		{"name", MEMBER_TEXT, TAG_NAME},
		{"size", MEMBER_NUMBER, TAG_SIZE},
		{"builtin", MEMBER_FLAG, TAG_BUILTIN},
		{"sandboxes", MEMBER_NUMBER, TAG_USERS},
		{"version", MEMBER_TEXT_OR_NULL, TAG_VERSION},
		{"needs", MEMBER_TEXTS, TAG_NEEDS},
		{"sha256", MEMBER_TEXT_OR_NULL, TAG_SHA256},
	};
	struct msg_cursor reply;
	unsigned status = call_squashd(q, MSG_MODULES, &reply);
	members_reply_records(status, reply, module, sizeof(module) / sizeof(module[0]));
}

/* What stands behind the ? of an upload, its body being the file. */
static const struct query_parameter upload_parameters[] = {
	{"name", TAG_MODULE},
	{"sha256", TAG_SHA256},
};

/* A module that has come to be there. */
static const struct member made[] = {
	{"name", MEMBER_TEXT, TAG_NAME},
	{"size", MEMBER_NUMBER, TAG_SIZE},
	{"sha256", MEMBER_TEXT, TAG_SHA256},
};

/* The body isn't read here: squashd gets the pipe that the server writes it into. */
void upload_module(struct http_request *q)
{
	struct msg_cursor reply;
	upload_begin(q, upload_parameters,
		     sizeof(upload_parameters) / sizeof(upload_parameters[0]));
	unsigned status = call_squashd_passing(q, MSG_UPLOAD_MODULE, STDIN_FILENO, &reply);
	members_reply(status, reply, made, sizeof(made) / sizeof(made[0]));
}

void delete_module(struct http_request *q)
{
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_MODULE, q->name);
	http_reply_empty(call_squashd(q, MSG_DELETE_MODULE, &reply));
}

void get_module(struct http_request *q)
{
	struct msg_cursor reply;
	char extra[64];
	struct buf b = {.data = extra, .cap = sizeof(extra)};
	msg_add_text(call_fields(), TAG_MODULE, q->name);
	call_squashd(q, MSG_GET_MODULE, &reply);
	download_reply_file(&b, members_find_number(reply, TAG_SIZE));
}

void freeze_module(struct http_request *q)
{
	static const struct query_parameter parameters[] = {
		{"name", TAG_MODULE},
		{"version", TAG_VERSION},
	};
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	call_take_query(q, parameters, sizeof(parameters) / sizeof(parameters[0]));
	unsigned status = call_squashd(q, MSG_FREEZE_MODULE, &reply);
	members_reply(status, reply, made, sizeof(made) / sizeof(made[0]));
}
