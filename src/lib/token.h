/* SPDX-License-Identifier: MIT */
/* Bearer tokens: finding one in a header's value, and making one. What is kept of a token is its
 * SHA-256 (sha256.h): one of enough randomness can't be found again from that. */
#ifndef SQUASH_LIB_TOKEN_H
#define SQUASH_LIB_TOKEN_H

#include <stddef.h>
#include <stdint.h>

/* The token in an Authorization value of the form "Bearer <token>" (RFC 6750 section 2.1; the
 * scheme in any case, RFC 9110 section 11.1). Points into value, with *len set; NULL if there is
 * none. */
const char *token_from_header(const char *value, size_t *len);

#define TOKEN_RANDOM_BYTES 32 /* what a token of ours is made of */
#define TOKEN_TEXT_BYTES 44   /* 32 bytes are 43 digits of base64url; a NUL */

/* The token that is made of random bytes: their base64url without padding (RFC 4648 section 5). */
void token_write(const uint8_t random[TOKEN_RANDOM_BYTES], char text[TOKEN_TEXT_BYTES]);

#endif
