/* SPDX-License-Identifier: MIT */
#include "little_endian.h"

uint64_t little_endian_read(const uint8_t *at, unsigned bytes)
{
	uint64_t number = 0;
	while (bytes-- > 0)
		number = number << 8 | at[bytes];
	return number;
}

void little_endian_write(uint8_t *at, unsigned bytes, uint64_t number)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(number >> (8 * i));
}
