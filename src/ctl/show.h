/* SPDX-License-Identifier: MIT */
/* Text of others on a terminal: what would act there is made visible. Pure. */
#ifndef SQUASH_CTL_SHOW_H
#define SQUASH_CTL_SHOW_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

/* Bytes that a text of n bytes takes at most: \x1b for one, as \u0080 for two and \u202e for three;
 * and a NUL of buf_printf. */
#define SHOW_BYTES(n) (4 * (size_t)(n) + 1)

/* Append the text. Control characters (C0, DEL, C1), what turns the direction of writing or can't
 * be seen, and bytes that are no UTF-8 stand there as \n, \x1b or \u202e. */
void show_text(const char *text, size_t len, struct buf *out);

/* Append valid JSON to out with what would act on a terminal escaped as \u009b or \u202e: its value
 * stays the same. Returns how many bytes of the text are done; it stops where out could become too
 * small, and goes on when it is called with the rest and an out that has room for an escape. */
#define SHOW_JSON_ESCAPE_BYTES 13 /* \udb40\udc01, and the NUL of buf_printf */
size_t show_json(const char *text, size_t len, struct buf *out);

/* Columns that a text takes which show_text has written. */
size_t show_width(const char *text, size_t len);

/* How many of its bytes fit into so many columns. */
size_t show_fit(const char *text, size_t len, size_t columns);

/* "512", "4.0K", "27.3M", "1.5G": bytes, by 1024. Returns text. */
#define SHOW_SIZE_BYTES 24
const char *show_size(uint64_t bytes, char text[SHOW_SIZE_BYTES]);

#endif
