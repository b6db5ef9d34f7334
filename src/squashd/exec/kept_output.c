/* SPDX-License-Identifier: MIT */
/* The first half stays where it is; the second is a ring, as soon as there is more. */
#include "kept_output.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/fd.h"

#define HALF (LIMIT_OUTPUT_BYTES / 2)

ssize_t kept_output_drop(int fd, size_t most, int *null_fd)
{
	if (*null_fd < 0)
		*null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return splice(fd, NULL, *null_fd, NULL, most, SPLICE_F_NONBLOCK);
}

/* How many of the bytes that are in the pipe can't be among the last ones: these need no copy. */
static size_t find_surplus(const struct exec_output *o, int fd)
{
	int there = 0;
	if (o->total < LIMIT_OUTPUT_BYTES)
		return 0;
	if (o->head_only)
		return FD_PIPE_BYTES;
	return ioctl(fd, FIONREAD, &there) == 0 && there > HALF ? (size_t)there - HALF : 0;
}

ssize_t kept_output_take(struct exec_output *o, int fd, int *null_fd)
{
	size_t surplus = find_surplus(o, fd);
	uint64_t at = o->total;
	if (at >= LIMIT_OUTPUT_BYTES)
		at = HALF + (at - HALF) % HALF;
	ssize_t n = surplus > 0 ? kept_output_drop(fd, surplus, null_fd)
				: read(fd, o->data + at, sizeof(o->data) - at);
	if (n <= 0)
		return n;
	o->total += (uint64_t)n;
	if (surplus > 0)
		o->tail_from = o->total; /* what the ring has is not the last any more */
	return n;
}

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* How many bytes at the end of the text may begin a character that goes on behind it. */
static size_t find_begun(const char *text, size_t len)
{
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		unsigned char c = (unsigned char)text[len - back];
		if (continues((char)c))
			continue;
		size_t needed = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
		return needed > back ? back : 0;
	}
	return 0;
}

/* Turn the ring round: its last len bytes, in their order, to its beginning. */
static void straighten(struct exec_output *o, size_t len)
{
	static char ring[HALF];
	size_t from = (size_t)((o->total - len - HALF) % HALF);
	size_t first = len < HALF - from ? len : HALF - from;
	memcpy(ring, o->data + HALF, HALF);
	memcpy(o->data + HALF, ring + from, first);
	memcpy(o->data + HALF + first, ring, len - first);
}

void kept_output_finish(struct exec_output *o)
{
	size_t tail = 0, skipped = 0;
	o->omitted = o->omitted_at = 0;
	o->len = o->total < LIMIT_OUTPUT_BYTES ? (size_t)o->total : LIMIT_OUTPUT_BYTES;
	if (o->total <= LIMIT_OUTPUT_BYTES)
		return;
	if (!o->head_only) {
		uint64_t from = o->tail_from > HALF ? o->tail_from : HALF;
		tail = o->total - from < HALF ? (size_t)(o->total - from) : HALF;
		straighten(o, tail);
		while (skipped < tail && skipped < 3 && continues(o->data[HALF + skipped]))
			skipped++;
		o->len = HALF;
	}
	o->len -= find_begun(o->data, o->len);
	o->omitted_at = o->len;
	tail -= skipped;
	memmove(o->data + o->len, o->data + HALF + skipped, tail);
	o->len += tail;
	o->omitted = o->total - o->len;
}
