/* SPDX-License-Identifier: MIT */
/* Replies whose body squashd sends in pieces: a file's bytes, as they are. */
#include <unistd.h>

#include "call.h"
#include "lib/fd.h"
#include "members.h"
#include "replies.h"

static void __attribute__((noreturn)) pass_on(uint64_t left)
{
	struct msg_cursor reply;
	struct msg_field f;
	unsigned status;
	while ((status = call_next(&reply)) == MSG_PIECE)
		while (msg_next(&reply, &f) > 0) {
			if (f.tag != TAG_DATA)
				continue;
			if (f.len > left || fd_write_all(STDOUT_FILENO, f.data, f.len) < 0)
				_exit(1);
			left -= f.len;
		}
	_exit(status != 200);
}

/* Write the head, with the fields in extra, each ended by CRLF; then what comes behind the first
 * piece, size bytes at most. */
static void __attribute__((noreturn))
reply_stream(const char *type, const char *extra, uint64_t size)
{
	char head[512];
	struct buf b = {.data = head, .cap = sizeof(head)};
	http_begin_stream(&b, type, extra);
	if (b.full || fd_write_all(STDOUT_FILENO, head, b.len) < 0)
		_exit(1);
	pass_on(size);
}

/* The same of a file, whose size squashd has said; extra has room for it. */
static void __attribute__((noreturn)) reply_bytes(struct buf *extra, struct msg_cursor fields)
{
	uint64_t size = members_find_number(fields, TAG_SIZE);
	buf_printf(extra, "Content-Length: %llu\r\n", (unsigned long long)size);
	reply_stream("application/octet-stream", extra->full ? "" : extra->data, size);
}

void reply_file(unsigned status, struct msg_cursor fields)
{
	char text[128], mode[MEMBERS_MODE_BYTES];
	struct buf extra = {.data = text, .cap = sizeof(text)};
	(void)status;
	members_mode_text(members_find_number(fields, TAG_MODE), mode);
	buf_printf(&extra, "Squash-Mode: %s\r\n", mode);
	reply_bytes(&extra, fields);
}

void reply_module(unsigned status, struct msg_cursor fields)
{
	char text[64];
	struct buf extra = {.data = text, .cap = sizeof(text)};
	(void)status;
	reply_bytes(&extra, fields);
}

void reply_tar(unsigned status, struct msg_cursor fields)
{
	(void)status;
	(void)fields;
	reply_stream("application/x-tar", "", UINT64_MAX);
}
