/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/files, list and tar: files in a sandbox, as they are. */
#include <unistd.h>

#include "call.h"
#include "download.h"
#include "endpoints.h"
#include "members.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct query_parameter path_only[] = {{"path", TAG_PATH}};

void get_file(struct http_request *q)
{
	struct msg_cursor reply;
	struct msg_field f;
	char extra[128], mode[8] = "";
	struct buf b = {.data = extra, .cap = sizeof(extra)};
	uint64_t size = 0;
	msg_add_text(call_fields(), TAG_ID, q->id);
	call_take_query(q, path_only, COUNT(path_only));
	call_squashd(q, MSG_GET_FILE, &reply);
	while (msg_next(&reply, &f) > 0) {
		struct buf m = {.data = mode, .cap = sizeof(mode) - 1};
		if (f.tag == TAG_SIZE)
			msg_number(&f, &size);
		else if (f.tag == TAG_MODE)
			buf_add(&m, f.data, f.len);
	}
	buf_printf(&b, "Squash-Mode: %s\r\n", mode);
	download_reply_file(&b, size);
}

void get_tar(struct http_request *q)
{
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	call_take_query(q, path_only, COUNT(path_only));
	call_squashd(q, MSG_GET_TAR, &reply);
	download_reply("application/x-tar", "", UINT64_MAX);
}

/* The body isn't read here: squashd gets the pipe that the server writes it into. */
static unsigned send_body(const struct http_request *q, enum msg_op op, struct msg_cursor *reply)
{
	struct request_fault fault;
	size_t len;
	if (http_stream_len(true, LIMIT_UPLOAD_BYTES, &len, &fault) < 0) {
		call_require_token(q);
		http_reply_fault(&fault);
	}
	msg_add_number(call_fields(), TAG_SIZE, len);
	return call_squashd_passing(q, op, len > 0 ? STDIN_FILENO : -1, reply);
}

void put_file(struct http_request *q)
{
	static const struct query_parameter parameters[] = {{"path", TAG_PATH}, {"mode", TAG_MODE}};
	static const struct member written[] = {
		{"path", MEMBER_TEXT, TAG_PATH},
		{"size", MEMBER_NUMBER, TAG_SIZE},
		{"mode", MEMBER_TEXT, TAG_MODE},
	};
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	call_take_query(q, parameters, COUNT(parameters));
	unsigned status = send_body(q, MSG_PUT_FILE, &reply);
	members_reply(status, reply, written, COUNT(written));
}

void put_tar(struct http_request *q)
{
	static const struct member unpacked[] = {
		{"files", MEMBER_NUMBER, TAG_FILES},
		{"bytes", MEMBER_NUMBER, TAG_SIZE},
	};
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	call_take_query(q, path_only, COUNT(path_only));
	unsigned status = send_body(q, MSG_PUT_TAR, &reply);
	members_reply(status, reply, unpacked, COUNT(unpacked));
}

void delete_file(struct http_request *q)
{
	static const struct query_parameter parameters[] = {{"path", TAG_PATH},
							    {"recursive", TAG_RECURSIVE}};
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	call_take_query(q, parameters, COUNT(parameters));
	http_reply_empty(call_squashd(q, MSG_DELETE_FILE, &reply));
}

void list_files(struct http_request *q)
{
	static const struct member entry[] = {
		{"name", MEMBER_TEXT, TAG_NAME},      {"type", MEMBER_TEXT, TAG_TYPE},
		{"size", MEMBER_NUMBER, TAG_SIZE},    {"mode", MEMBER_TEXT, TAG_MODE},
		{"uid", MEMBER_NUMBER, TAG_UID},      {"gid", MEMBER_NUMBER, TAG_GID},
		{"mtime", MEMBER_TIME, TAG_MTIME_MS}, {"target", MEMBER_TEXT_OR_NULL, TAG_TARGET},
	};
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	call_take_query(q, path_only, COUNT(path_only));
	unsigned status = call_squashd(q, MSG_LIST_FILES, &reply);
	members_reply_records(status, reply, entry, COUNT(entry));
}
