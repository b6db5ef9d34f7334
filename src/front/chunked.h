/* SPDX-License-Identifier: MIT */
/* Bodies in chunks (RFC 9112 7.1), decoded as they come. What two readers could take in two ways is
 * refused: lines that don't end by CR LF, sizes with anything but hexadecimal digits, blanks behind
 * them. Extensions and trailers are dropped, and bounded. Pure. */
#ifndef SQUASH_FRONT_CHUNKED_H
#define SQUASH_FRONT_CHUNKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "head.h"

enum chunked_state {
	CHUNKED_SIZE, /* the first digit of a chunk's size */
	CHUNKED_DIGITS,
	CHUNKED_BLANK, /* before the ; of an extension */
	CHUNKED_EXTENSION,
	CHUNKED_SIZE_LF,
	CHUNKED_DATA,
	CHUNKED_DATA_CR,
	CHUNKED_DATA_LF,
	CHUNKED_LINE,  /* the beginning of a trailer, or of the end */
	CHUNKED_NAME,  /* of a trailer */
	CHUNKED_VALUE, /* of a trailer */
	CHUNKED_LINE_LF,
	CHUNKED_END_LF,
	CHUNKED_ENDED,
};

/* All zero: nothing is read yet. */
struct chunked {
	enum chunked_state state;
	unsigned digits;   /* of the size that is being read */
	uint64_t left;     /* bytes of this chunk's data that are still to come */
	uint64_t len;      /* bytes of the body, with those of this chunk */
	size_t extensions; /* bytes, of all chunks */
	size_t trailers;   /* bytes */
};

/* Reads the next *len bytes and moves what is the body's to their beginning; *data: how many that
 * is. HEAD_MORE: all were read; HEAD_DONE: the body ends, and the *len bytes behind the data, moved
 * there, are of the next request; HEAD_BAD: fault is filled. */
enum head_result chunked_read(struct chunked *c, char *bytes, size_t *len, size_t *data,
			      struct head_fault *fault);

#endif
