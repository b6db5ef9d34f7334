/* SPDX-License-Identifier: MIT */
/* Bearer tokens: finding one in a header's value, what is kept of one, and comparing without
 * telling how far it matched. */
#ifndef SQUASH_LIB_TOKEN_H
#define SQUASH_LIB_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The token in an Authorization value of the form "Bearer <token>" (RFC 6750 section 2.1; the
 * scheme in any case, RFC 9110 section 11.1). Points into value, with *len set; NULL if there is
 * none. */
const char *token_from_header(const char *value, size_t *len);

#define TOKEN_DIGEST_BYTES 32      /* SHA-256 */
#define TOKEN_DIGEST_TEXT_BYTES 65 /* its 64 hexadecimal digits, and a NUL */
#define TOKEN_RANDOM_BYTES 32      /* what a token of ours is made of */
#define TOKEN_TEXT_BYTES 44        /* 32 bytes are 43 digits of base64url; a NUL */

/* What is kept of a token: one of enough randomness can't be found again from it. */
void token_digest(const char *token, size_t len, uint8_t digest[TOKEN_DIGEST_BYTES]);

/* Whether the digests are equal. The time taken is always the same. */
bool token_equal(const uint8_t a[TOKEN_DIGEST_BYTES], const uint8_t b[TOKEN_DIGEST_BYTES]);

/* A digest as 64 hexadecimal digits, as sha256sum(1) prints it. Read: false if it is none. */
bool token_read_digest(const char *text, size_t len, uint8_t digest[TOKEN_DIGEST_BYTES]);
void token_write_digest(const uint8_t digest[TOKEN_DIGEST_BYTES],
			char text[TOKEN_DIGEST_TEXT_BYTES]);

/* The token that is made of random bytes: their base64url without padding (RFC 4648 section 5). */
void token_write(const uint8_t random[TOKEN_RANDOM_BYTES], char text[TOKEN_TEXT_BYTES]);

#endif
