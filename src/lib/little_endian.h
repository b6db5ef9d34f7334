/* SPDX-License-Identifier: MIT */
/* Numbers as file systems, partition tables and update files have them: the lowest byte first. */
#ifndef SQUASH_LIB_LITTLE_ENDIAN_H
#define SQUASH_LIB_LITTLE_ENDIAN_H

#include <stdint.h>

/* Returns the number that these bytes are, of which there are at most 8. */
uint64_t little_endian_read(const uint8_t *at, unsigned bytes);

/* Writes the number as that many bytes, and cuts off what does not fit. */
void little_endian_write(uint8_t *at, unsigned bytes, uint64_t number);

#endif
