/* SPDX-License-Identifier: MIT */
/* What goes out on stdout, and what comes in on stdin. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "lib/fd.h"
#include "lib/frames.h"

static uint8_t out[FILES_BLOCK_BYTES];
static size_t out_len;
static bool answered;
static bool is_framed;
static struct frames frames;

static int end_early(struct err *e)
{
	return err_say(e, ENODATA, "what is sent ends early");
}

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

void files_expect_frames(void)
{
	is_framed = true;
}

ssize_t files_read_some(void *data, size_t len, struct err *e)
{
	ssize_t n;
	do {
		if (is_framed && frames_have_ended(&frames))
			return 0;
		n = read(STDIN_FILENO, data, len);
		if (n > 0 && is_framed)
			n = (ssize_t)frames_read(&frames, data, (size_t)n);
		else if (n == 0)
			return is_framed ? end_early(e) : 0;
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n < 0 ? err_set(e, errno, "read what is sent") : n;
}

int files_read(void *data, size_t len, struct err *e)
{
	for (size_t have = 0; have < len;) {
		ssize_t n = files_read_some((char *)data + have, len - have, e);
		if (n <= 0)
			return n < 0 ? (int)n : end_early(e);
		have += (size_t)n;
	}
	return 0;
}

/* Move some, up to most bytes. How many. */
static ssize_t move_some(int fd, uint64_t most, struct err *e)
{
	static uint8_t block[FILES_BLOCK_BYTES];
	ssize_t n = files_read_some(block, most < sizeof(block) ? (size_t)most : sizeof(block), e);
	int rc = n > 0 ? fd_write_all(fd, block, (size_t)n) : 0;
	return rc < 0 ? err_set(e, -rc, "write") : n;
}

int files_receive(int fd, uint64_t size, struct err *e)
{
	while (size > 0) {
		ssize_t n = move_some(fd, size, e);
		if (n <= 0)
			return n < 0 ? (int)n : end_early(e);
		size -= (uint64_t)n;
	}
	return 0;
}

int64_t files_receive_all(int fd, struct err *e)
{
	int64_t all = 0;
	for (;;) {
		ssize_t n = move_some(fd, UINT64_MAX, e);
		if (n <= 0)
			return n < 0 ? n : all;
		all += n;
	}
}
