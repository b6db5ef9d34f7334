/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4): of bytes at once, its text, and comparing without telling how far it
 * matched. What comes in pieces is hashed by BearSSL's br_sha256_context. */
#ifndef SQUASH_LIB_SHA256_H
#define SQUASH_LIB_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_TEXT_BYTES 65 /* its 64 hexadecimal digits, and a NUL */

/* Writes the digest of len bytes, which may be a secret: nothing else is left of them in memory. */
void sha256_of(const void *bytes, size_t len, uint8_t digest[SHA256_BYTES]);

/* Returns whether the digests are equal. The time taken is always the same. */
bool sha256_equal(const uint8_t a[SHA256_BYTES], const uint8_t b[SHA256_BYTES]);

/* Reads a digest of 64 hexadecimal digits, in any case. Returns false if the text is none. */
bool sha256_read(const char *text, size_t len, uint8_t digest[SHA256_BYTES]);

/* Writes it as sha256sum(1) prints it. */
void sha256_write(const uint8_t digest[SHA256_BYTES], char text[SHA256_TEXT_BYTES]);

#endif
