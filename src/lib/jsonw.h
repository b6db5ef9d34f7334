/* SPDX-License-Identifier: MIT */
/* Writing JSON (RFC 8259): every JSON byte that a program of ours puts out comes from here. The
 * writer places commas and colons, writes no white space, and turns any bytes into valid JSON. */
#ifndef SQUASH_LIB_JSONW_H
#define SQUASH_LIB_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"

/* Arrays and objects within each other; no reply of ours has more than 5. */
#define JSONW_DEPTH_MAX 16

/* Bytes that a text of n bytes takes at most: two quotes, and \u0001 for a byte. */
#define JSONW_TEXT_BYTES(n) (6 * (size_t)(n) + 2)

struct jsonw {
	struct buf *out; /* borrowed; out->full says that it was too small */
	bool bad;        /* the calls made no JSON, the caller's fault: nothing more is written */
	bool begun;      /* the root was written, or begun */
	bool named;      /* a name was written, its value not yet */
	size_t depth;
	char closing[JSONW_DEPTH_MAX]; /* of each open level: its closing bracket */
	bool filled[JSONW_DEPTH_MAX];  /* and whether it holds something */
};

/* Begin one JSON value at the end of out. */
void jsonw_init(struct jsonw *w, struct buf *out);

/* Whether exactly one whole value was written, and out held it. */
bool jsonw_is_whole(const struct jsonw *w);

void jsonw_object_begin(struct jsonw *w);
void jsonw_object_end(struct jsonw *w);
void jsonw_array_begin(struct jsonw *w);
void jsonw_array_end(struct jsonw *w);

/* The name of an object's next member; its value must follow. Duplicates are not looked for. */
void jsonw_key(struct jsonw *w, const char *name);

/* A string of any bytes: each ill-formed piece of UTF-8 becomes one U+FFFD (see utf8.h). Control
 * characters (U+0000 to U+001F, U+007F to U+009F) are escaped. */
void jsonw_text(struct jsonw *w, const void *bytes, size_t len);
void jsonw_string(struct jsonw *w, const char *text);

void jsonw_int(struct jsonw *w, int64_t value);
void jsonw_uint(struct jsonw *w, uint64_t value);
void jsonw_bool(struct jsonw *w, bool value);
void jsonw_null(struct jsonw *w);

/* thousandths / 1000, with as few decimals as are needed, but one: 1.0, 0.25, 1.234. */
void jsonw_milli(struct jsonw *w, uint64_t thousandths);

/* A value that was parsed, all in it included, without its key. Names end at a NUL that they hold;
 * a number that is no integer is written as it was. */
void jsonw_value(struct jsonw *w, const struct json_value *v);

#endif
