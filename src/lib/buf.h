/* SPDX-License-Identifier: MIT */
/* Bounded memory that the caller owns: a text being built, and an arena to allocate from. Neither
 * grows; running over is remembered, so that a caller checks once at the end. */
#ifndef SQUASH_LIB_BUF_H
#define SQUASH_LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* borrowed from the caller, cap bytes */
	size_t len; /* bytes in use, at most cap */
	size_t cap;
	bool full; /* something did not fit: the text is incomplete */
};

/* Append len bytes, or nothing at all and set full. */
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct arena {
	unsigned char *base; /* borrowed from the caller, cap bytes, aligned for any type */
	size_t used;
	size_t cap;
};

/* len bytes aligned for any type, or NULL when the arena is used up. Not cleared. */
void *arena_take(struct arena *a, size_t len);

#endif
