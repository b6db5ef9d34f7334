/* SPDX-License-Identifier: MIT */
/* Bytes of a protocol being put together, their numbers in network order. */
#ifndef SQUASH_TESTS_UNIT_MADE_H
#define SQUASH_TESTS_UNIT_MADE_H

#include <stdint.h>
#include <string.h>

#define MADE_BYTES 32768 /* what the largest test makes: two of what inspect.h holds */

struct made {
	uint8_t bytes[MADE_BYTES];
	size_t len;
};

static inline void add(struct made *m, const void *bytes, size_t len)
{
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static inline void add16(struct made *m, size_t value)
{
	const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
	add(m, bytes, sizeof(bytes));
}

#endif
