/* SPDX-License-Identifier: MIT */
/* The one syntax of settings files, the appliance's and squashctl's: KEY=value lines. Pure: no I/O,
 * no memory. */
#ifndef SQUASH_LIB_ENV_H
#define SQUASH_LIB_ENV_H

#include <stddef.h>
#include <stdint.h>

struct env_reader {
	const uint8_t *at; /* borrowed text, not terminated */
	const uint8_t *end;
	unsigned line; /* of the last result, from 1 */
};

struct env_pair {
	const char *name; /* name_len bytes of [A-Za-z0-9_.-], into the reader's text */
	size_t name_len;
	const char *value; /* value_len bytes without control characters, into the reader's text */
	size_t value_len;
};

enum env_result { ENV_END, ENV_PAIR, ENV_FAULT };

/* Begin at the text's first line; the text is borrowed until the last result is used. */
void env_start(struct env_reader *r, const uint8_t *text, size_t len);

/* The next KEY=value of the text. Empty lines and lines that begin with # are passed over; blanks
 * around name and value, a carriage return at the end and a byte order mark at the beginning are
 * ignored. A value may stand in '...' or "..." (nothing inside is special); outside of quotes a
 * blank followed by # begins a comment. ENV_FAULT: the line breaks these rules, *fault says how,
 * and the next call goes on with the line after it. Linear in the text. */
enum env_result env_next(struct env_reader *r, struct env_pair *pair, const char **fault);

#endif
