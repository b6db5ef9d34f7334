/* SPDX-License-Identifier: MIT */
/* What exec?stream=1 answers: lines of JSON. Pure. */
#ifndef SQUASH_CTL_LINES_H
#define SQUASH_CTL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/json.h"

enum line_kind { LINE_OUTPUT, LINE_ALIVE, LINE_RESULT, LINE_ERROR };

/* One of them. Pointers are into the arena. */
struct line {
	enum line_kind kind;
	bool is_stderr;  /* of LINE_OUTPUT, as the next three */
	uint64_t offset; /* of its first byte in its stream */
	const void *bytes;
	size_t len;
	int exit_code; /* of LINE_RESULT: 0 to 255 */
	bool was_timed_out, was_oom_killed;
	const char *error; /* of LINE_ERROR: for a person */
};

/* Read a line, without its end. False if it is none of ours. */
bool line_read(struct line *l, const void *text, size_t len, struct arena *a);

/* The lines of a stream as it comes in pieces. */
struct lines {
	char *data; /* borrowed: what has come of a line, cap bytes */
	size_t len, cap;
};

/* Take bytes off the piece, up to the end of a line. 1: data and len have a line, which the next
 * call drops; 0: the piece is used up; -1: the line is longer than cap. */
int lines_take(struct lines *s, const uint8_t **piece, size_t *left);

#endif
