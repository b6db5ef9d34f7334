/* SPDX-License-Identifier: MIT */
#include "processors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fd.h"
#include "lib/paths.h"

/* A list like "0-7" or "0,2-5": Documentation/admin-guide/cputopology.rst. */
int processors_count(uint64_t *count, struct err *e)
{
	char text[4096];
	ssize_t n = fd_read_file(AT_FDCWD, PATH_PROCESSORS, text, sizeof(text), e);
	if (n < 0)
		return (int)n;
	*count = 0;
	for (const char *range = text; range; range = strchr(range, ',')) {
		char *end;
		uint64_t first = strtoull(range + (*range == ','), &end, 10), last = first;
		if (*end == '-')
			last = strtoull(end + 1, &end, 10);
		*count += last - first + 1;
		range = end;
	}
	return 0;
}
