/* SPDX-License-Identifier: MIT */
#include "blank.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "init/boot/parse.h"

#define CHUNK_BYTES 65536

/* Checks that count bytes at offset are zero. */
static int check_zeroes(int fd, const char *name, uint64_t offset, uint64_t count, struct err *e)
{
	uint8_t chunk[CHUNK_BYTES];
	for (uint64_t end = offset + count; offset < end;) {
		size_t want = end - offset < sizeof(chunk) ? end - offset : sizeof(chunk);
		ssize_t n = pread(fd, chunk, want, (off_t)offset);
		if (n <= 0)
			return err_set(e, n < 0 ? errno : EIO, "read %s at byte %" PRIu64, name,
				       offset);
		size_t zeroes = count_zeroes(chunk, (size_t)n);
		if (zeroes < (size_t)n)
			return err_say(e, EEXIST,
				       "%s is not blank (byte %" PRIu64
				       " is not zero): it is left as it is. To give up what is on "
				       "it, zero its first and last 16 MiB",
				       name, offset + zeroes);
		offset += (uint64_t)n;
	}
	return 0;
}

int blank_check(int fd, const char *name, uint64_t bytes, struct err *e)
{
	int rc = check_zeroes(fd, name, 0, BLANK_BYTES, e);
	return rc == 0 ? check_zeroes(fd, name, bytes - BLANK_BYTES, BLANK_BYTES, e) : rc;
}
