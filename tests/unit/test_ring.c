/* SPDX-License-Identifier: MIT */
/* The last bytes of a stream, in a file. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/ring.h"
#include "tap.h"

/* Byte n of the stream. */
static char byte_of(uint64_t n)
{
	return (char)(n * 2654435761u >> 13);
}

static void append(int fd, uint64_t *count, size_t len)
{
	char data[RING_PIECE_BYTES];
	for (size_t i = 0; i < len; i++)
		data[i] = byte_of(*count + i);
	ring_write(fd, count, data, len);
}

static bool is_right(uint64_t offset, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] != byte_of(offset + i))
			return false;
	return true;
}

int main(void)
{
	static char data[RING_KEPT_BYTES + 1];
	static const size_t steps[] = {1, 4095, RING_PIECE_BYTES, 7, RING_PIECE_BYTES - 1};
	int fd = memfd_create("ring", 0);
	uint64_t count = 0, offset = 0;
	bool all = true;
	tap_ok(ring_begin(fd) == 0 && ring_count(fd) == 0, "it begins empty");
	tap_ok(ring_read(fd, &offset, data, sizeof(data)) == 0, "there is nothing to read");
	for (int i = 0; i < 500; i++) {
		append(fd, &count, steps[i % 5]);
		ssize_t n = ring_read(fd, &offset, data, sizeof(data));
		all = all && n == (ssize_t)steps[i % 5] && is_right(offset, data, (size_t)n);
		offset += n > 0 ? (uint64_t)n : 0;
	}
	tap_ok(all, "who keeps up reads every byte");
	tap_ok(ring_count(fd) == count && count > 4 * RING_KEPT_BYTES, "all are counted");
	offset = 0;
	ssize_t n = ring_read(fd, &offset, data, sizeof(data));
	tap_ok(n == (ssize_t)RING_KEPT_BYTES && offset == count - RING_KEPT_BYTES &&
		       is_right(offset, data, (size_t)n),
	       "who comes late reads the last");
	offset = count + 5;
	tap_ok(ring_read(fd, &offset, data, 10) == 0 && offset == count + 5, "none are ahead");
	offset = count - 10;
	tap_ok(ring_read(fd, &offset, data, 3) == 3 && is_right(count - 10, data, 3),
	       "as many as are asked for");
	return tap_done();
}
