/* SPDX-License-Identifier: MIT */
/* Numbers that are the same in each run (xorshift64: Marsaglia 2003). */
#ifndef SQUASH_TESTS_UNIT_RANDOM_H
#define SQUASH_TESTS_UNIT_RANDOM_H

#include <stdint.h>

/* state: borrowed, not 0. From 0 up to below bound. */
static inline uint32_t random_below(uint64_t *state, uint32_t bound)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32) % bound;
}

#endif
