/* SPDX-License-Identifier: MIT */
/* Reading JSON (RFC 8259) from hostile hands: strict, linear in the text, no memory but the
 * caller's arena, no recursion. Writing it: jsonw.h. */
#ifndef SQUASH_LIB_JSON_H
#define SQUASH_LIB_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* Arrays and objects within each other; no request of ours needs more than 3. */
#define JSON_DEPTH_MAX 64

/* Arena bytes that a text of n bytes needs at most, wherever arena->used stands. A value takes 80
 * bytes (a member of an object 112), then its texts with a NUL each, then up to the next multiple
 * of 16. Charge it with its own bytes of the text and the comma or bracket behind it: dearest is
 * an array of digits, where each "1," takes 80 + 16 = 48 * 2 bytes. In a text that ends early,
 * nothing stands behind the arrays and objects still open, and "[" takes 80 = 48 + 32; the same
 * for the value in the innermost (at most 64 too few) and aligning what was in use before (15).
 * json_parse.c asserts the sizes. */
#define JSON_ARENA_BYTES(n) (48 * (size_t)(n) + (size_t)32 * JSON_DEPTH_MAX + 64 + 16)

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_fault {
	/* Bytes from the text's begin to what is wrong: the unexpected byte, or the begin of the
	 * escape, UTF-8 sequence, number or member name; the text's length if it ends early. */
	size_t offset;
	const char *reason; /* a constant text, lower case, no full stop */
};

/* Everything pointed to lies in the arena; the parsed text may be gone. */
struct json_value {
	enum json_type type;
	size_t offset;   /* of the value in the text, bytes */
	const char *key; /* a member's name, as text below; NULL if the parent is no object */
	size_t key_len;
	const char *text; /* a string decoded, a number as written; NUL-terminated. Else NULL */
	size_t text_len;  /* without that NUL; a string may hold NULs of its own (\u0000) */
	double number;    /* the nearest double: exact integers are had from json_integer */
	size_t count;     /* elements, or members */
	const struct json_value *first; /* the first of them */
	const struct json_value *next;  /* in the same array or object, in the text's order */
};

/* Parse the whole text as one JSON value. No byte order mark, no bytes but white space around it,
 * no lone surrogates, no two members of one name (compared decoded), no number beyond a double's
 * range. 0 and *root set; or, with fault filled: -EINVAL if the text is at fault, -ENOMEM if the
 * arena is used up. The arena keeps what was taken either way. text, a are borrowed. */
int json_parse(const uint8_t *text, size_t len, struct arena *a, const struct json_value **root,
	       struct json_fault *fault);

/* The member of that name; NULL if there is none, or object is none or NULL. Linear in count. */
const struct json_value *json_get(const struct json_value *object, const char *key);

/* The number as an integer, exactly: 1, 1.0, 10e-1 and 1e3 are integers. 0, or -EINVAL if v is no
 * number or has a fraction, -ERANGE if the integer does not fit. */
int json_integer(const struct json_value *v, int64_t *out);

#endif
