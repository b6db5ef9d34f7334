/* SPDX-License-Identifier: MIT */
#include "json_print.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "limits.h"
#include "show.h"

int json_print(const void *text, size_t len)
{
	static char memory[CTL_IO_BYTES];
	const char *at = text;
	if (!isatty(STDOUT_FILENO))
		return fwrite(text, 1, len, stdout) == len ? 0 : -errno;
	while (len > 0) {
		struct buf out = {.data = memory, .cap = sizeof(memory)};
		size_t done = show_json(at, len, &out);
		if (fwrite(memory, 1, out.len, stdout) != out.len)
			return -errno;
		at += done;
		len -= done;
	}
	return 0;
}
