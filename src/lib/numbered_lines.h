/* SPDX-License-Identifier: MIT */
/* Lines of JSON whose first member is a number, kept in several files: in memory, and in the order
 * of their numbers. Pure. */
#ifndef SQUASH_LIB_NUMBERED_LINES_H
#define SQUASH_LIB_NUMBERED_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBERED_LINE_MIN 32         /* bytes; nothing shorter is a line */
#define NUMBERED_LINE "{\"number\":" /* what a line with a number begins with; then the number */

struct numbered_line {
	const char *text; /* borrowed; len bytes, of which the last is a newline */
	size_t len;
	uint64_t number; /* from 1, in the order of what the lines tell; 0: it has none, as in files
			  * of older versions */
	bool marked;     /* for who sorts some out; false at first */
};

struct numbered_lines {
	struct numbered_line *all; /* borrowed from the caller: room for max */
	size_t count, max;
};

/* Lines that a text of so many bytes has at most. */
#define NUMBERED_LINES(bytes) ((size_t)(bytes) / NUMBERED_LINE_MIN)

/* Append the lines of the text, which stays where it is; what is no whole line is left out, and so
 * is what there is no room for. */
void numbered_lines_add(struct numbered_lines *l, const char *text, size_t len);

/* Sort them by number; those without one stand before all others, in the order of their addresses.
 * Of a line that is there twice one stays. */
void numbered_lines_sort(struct numbered_lines *l);

#endif
