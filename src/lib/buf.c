/* SPDX-License-Identifier: MIT */
#include "buf.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (b->full || len > b->cap - b->len) {
		b->full = true;
		return;
	}
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
}

void buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	if (b->full)
		return;
	size_t room = b->cap - b->len;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(b->data + b->len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room) /* the NUL of vsnprintf needs a byte, too */
		b->full = true;
	else
		b->len += (size_t)n;
}

void *arena_take(struct arena *a, size_t len)
{
	size_t align = alignof(max_align_t);
	size_t start = (a->used + align - 1) / align * align;
	if (start > a->cap || len > a->cap - start)
		return NULL;
	a->used = start + len;
	return a->base + start;
}
