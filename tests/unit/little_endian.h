/* SPDX-License-Identifier: MIT */
/* Fields of what lies on disks. */
#ifndef SQUASH_TESTS_UNIT_LITTLE_ENDIAN_H
#define SQUASH_TESTS_UNIT_LITTLE_ENDIAN_H

#include <stdint.h>

/* Write the number as that many bytes, its lowest first. */
static inline void put(uint8_t *at, uint64_t number, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

#endif
