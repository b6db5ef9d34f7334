/* SPDX-License-Identifier: MIT */
#include "download.h"

#include <unistd.h>

#include "call.h"
#include "lib/fd.h"

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

void download_reply(const char *type, const char *extra, uint64_t size)
{
	char head[512];
	struct buf b = {.data = head, .cap = sizeof(head)};
	http_begin_stream(&b, type, extra);
	if (b.full || fd_write_all(STDOUT_FILENO, head, b.len) < 0)
		_exit(1);
	pass_on(size);
}

void download_reply_file(struct buf *extra, uint64_t size)
{
	buf_printf(extra, "Content-Length: %llu\r\n", (unsigned long long)size);
	download_reply("application/octet-stream", extra->full ? "" : extra->data, size);
}
