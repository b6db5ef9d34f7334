/* SPDX-License-Identifier: MIT */
/* UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SQUASH_LIB_UTF8_H
#define SQUASH_LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the sequence that text begins with; len is at least 1. With *good true it is one
 * code point (1 to 4 bytes). With *good false it is the ill-formed part that one U+FFFD should
 * stand for (1 to 3 bytes): the maximal subpart of The Unicode Standard, 3.9, table 3-7. */
size_t utf8_next(const uint8_t *text, size_t len, bool *good);

/* Encode a code point (a scalar value: at most 0x10FFFF, no surrogate). The length, 1 to 4. */
size_t utf8_encode(uint32_t code_point, char out[4]);

#endif
