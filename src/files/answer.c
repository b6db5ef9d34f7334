/* SPDX-License-Identifier: MIT */
/* What goes out on stdout, and what comes in on stdin. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "lib/fd.h"

static uint8_t out[FILES_BLOCK_BYTES];
static size_t out_len;
static bool answered;

int files_flush(struct err *e)
{
	int rc = fd_write_all(STDOUT_FILENO, out, out_len);
	out_len = 0;
	return rc < 0 ? err_set(e, -rc, "write") : 0;
}

int files_write(const void *data, size_t len, struct err *e)
{
	const uint8_t *at = data;
	while (len > 0) {
		size_t room = sizeof(out) - out_len;
		size_t part = len < room ? len : room;
		memcpy(out + out_len, at, part);
		out_len += part;
		at += part;
		len -= part;
		if (out_len == sizeof(out) && files_flush(e) < 0)
			return -e->number;
	}
	return 0;
}

bool files_have_answered(void)
{
	return answered;
}

int files_answer(const struct files_head *head, struct err *e)
{
	answered = true;
	return files_write(head, sizeof(*head), e);
}

int files_read(void *data, size_t len, struct err *e)
{
	ssize_t n = fd_read_all(STDIN_FILENO, data, len);
	if (n < 0)
		return err_set(e, (int)-n, "read what is sent");
	return (size_t)n == len ? 0 : err_say(e, ENODATA, "what is sent ends early");
}

int files_receive(int fd, uint64_t size, struct err *e)
{
	static uint8_t block[FILES_BLOCK_BYTES];
	while (size > 0) {
		size_t len = size < sizeof(block) ? (size_t)size : sizeof(block);
		ssize_t n = read(STDIN_FILENO, block, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, errno, "read what is sent");
		if (n == 0)
			return err_say(e, ENODATA, "what is sent ends early");
		int rc = fd_write_all(fd, block, (size_t)n);
		if (rc < 0)
			return err_set(e, -rc, "write");
		size -= (uint64_t)n;
	}
	return 0;
}
