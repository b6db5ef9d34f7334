/* SPDX-License-Identifier: MIT */
/* The number of bytes that were ever written, then the last of them; byte number n lies at n modulo
 * RING_BYTES. The number is written after the bytes, so that a reader which looks at it before and
 * after knows what may have been written over meanwhile: a piece more than is kept. */
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"

#define RING_BYTES (RING_KEPT_BYTES + RING_PIECE_BYTES)
#define RING_OFFSET ((off_t)sizeof(uint64_t))

int ring_begin(int fd)
{
	const uint64_t none = 0;
	return fd_write_all(fd, &none, sizeof(none));
}

static void write_bytes(int fd, uint64_t at, const char *data, size_t len)
{
	while (len > 0) {
		size_t place = (size_t)(at % RING_BYTES);
		size_t part = len < RING_BYTES - place ? len : RING_BYTES - place;
		if (pwrite(fd, data, part, RING_OFFSET + (off_t)place) < 0)
			return;
		at += part;
		data += part;
		len -= part;
	}
}

void ring_write(int fd, uint64_t *count, const char *data, size_t len)
{
	ssize_t n;
	write_bytes(fd, *count, data, len);
	*count += len;
	/* In a block that the file has already: it needs no room. */
	do {
		n = pwrite(fd, count, sizeof(*count), 0);
	} while (n < 0 && errno == EINTR);
}

uint64_t ring_count(int fd)
{
	uint64_t count = 0;
	return pread(fd, &count, sizeof(count), 0) == sizeof(count) ? count : 0;
}

static uint64_t first_kept(uint64_t count)
{
	return count > RING_KEPT_BYTES ? count - RING_KEPT_BYTES : 0;
}

static int read_bytes(int fd, uint64_t at, char *data, size_t len)
{
	while (len > 0) {
		size_t place = (size_t)(at % RING_BYTES);
		size_t part = len < RING_BYTES - place ? len : RING_BYTES - place;
		ssize_t n = pread(fd, data, part, RING_OFFSET + (off_t)place);
		if (n < 0)
			return -errno;
		memset(data + n, 0, part - (size_t)n); /* a gap at the file's end */
		at += part;
		data += part;
		len -= part;
	}
	return 0;
}

ssize_t ring_read(int fd, uint64_t *offset, char *data, size_t cap)
{
	for (;;) {
		uint64_t count = ring_count(fd);
		if (*offset < first_kept(count))
			*offset = first_kept(count);
		if (*offset >= count)
			return 0;
		size_t len = count - *offset < cap ? (size_t)(count - *offset) : cap;
		int rc = read_bytes(fd, *offset, data, len);
		if (rc < 0)
			return rc;
		if (*offset >= first_kept(ring_count(fd)))
			return (ssize_t)len;
	}
}
