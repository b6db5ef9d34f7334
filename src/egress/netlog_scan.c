/* SPDX-License-Identifier: MIT */
#include "netlog_scan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/numbered_lines.h"

/* No name has these: quotes are escaped in it. */
#define LOST_EVENT "\"event\":\"lost\""
#define COUNT "\"count\":"
#define REPEATED "\"repeated\":"

static uint64_t number_behind(const char *line, size_t len, const char *name)
{
	const char *at = memmem(line, len, name, strlen(name));
	return at ? strtoull(at + strlen(name), NULL, 10) : 0; /* a newline ends the digits */
}

static void look_at_line(struct netlog_found *f, const char *line, size_t len)
{
	size_t begin = sizeof(NUMBERED_LINE) - 1;
	bool has_number = len > begin && memcmp(line, NUMBERED_LINE, begin) == 0;
	uint64_t number = has_number ? strtoull(line + begin, NULL, 10) : 0;
	if (number > f->last_number)
		f->last_number = number;
	if (memmem(line, len, LOST_EVENT, sizeof(LOST_EVENT) - 1)) {
		f->lost = number_behind(line, len, COUNT);
		f->lost_at = f->size;
		f->lost_number = number;
	} else {
		f->told += 1 + number_behind(line, len, REPEATED);
	}
	f->size += len;
}

void netlog_scan(int fd, struct netlog_found *f)
{
	static char bytes[16384];
	size_t have = 0;
	ssize_t n;
	*f = (struct netlog_found){.lost_at = NETLOG_NOWHERE};
	while ((n = pread(fd, bytes + have, sizeof(bytes) - have, (off_t)(f->size + have))) > 0) {
		const char *at = bytes, *newline;
		have += (size_t)n;
		while ((newline = memchr(at, '\n', have - (size_t)(at - bytes)))) {
			look_at_line(f, at, (size_t)(newline + 1 - at));
			at = newline + 1;
		}
		have -= (size_t)(at - bytes);
		memmove(bytes, at, have);
		if (have == sizeof(bytes))
			break; /* no line of ours is that long */
	}
	if (have > 0 && ftruncate(fd, (off_t)f->size) < 0)
		f->size += have;
}
