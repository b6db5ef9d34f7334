/* SPDX-License-Identifier: MIT */
/* Base64 with padding: RFC 4648, section 4. */
#ifndef SQUASH_BASE64_H
#define SQUASH_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Characters that n bytes become, with a NUL behind them. */
#define BASE64_TEXT_BYTES(n) (((size_t)(n) + 2) / 3 * 4 + 1)

/* Encode len bytes into out, which has BASE64_TEXT_BYTES(len), terminated. */
void base64_encode(const uint8_t *bytes, size_t len, char *out);

#endif
