/* SPDX-License-Identifier: MIT */
/* Base64 with padding: RFC 4648, section 4. */
#ifndef SQUASH_LIB_BASE64_H
#define SQUASH_LIB_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters that n bytes become, with a NUL behind them. */
#define BASE64_TEXT_BYTES(n) (((size_t)(n) + 2) / 3 * 4 + 1)

/* Encode len bytes into out, which has BASE64_TEXT_BYTES(len), terminated. */
void base64_encode(const uint8_t *bytes, size_t len, char *out);

/* Decode all of the text into out, which has room for len / 4 * 3 bytes. False if it is none: a
 * byte that is no digit, padding elsewhere than at the end or missing, bits that no byte is made
 * of. */
bool base64_decode(const char *text, size_t len, uint8_t *out, size_t *out_len);

#endif
