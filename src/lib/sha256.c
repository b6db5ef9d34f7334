/* SPDX-License-Identifier: MIT */
#include "sha256.h"

#include <bearssl_hash.h>
#include <string.h>

#include "hex.h"

void sha256_of(const void *bytes, size_t len, uint8_t digest[SHA256_BYTES])
{
	br_sha256_context c;
	_Static_assert(br_sha256_SIZE == SHA256_BYTES, "SHA-256");
	br_sha256_init(&c);
	br_sha256_update(&c, bytes, len);
	br_sha256_out(&c, digest);
	explicit_bzero(&c, sizeof(c));
}

bool sha256_equal(const uint8_t a[SHA256_BYTES], const uint8_t b[SHA256_BYTES])
{
	/* volatile: the compiler must not turn this into an early exit */
	volatile unsigned char differ = 0;
	for (size_t i = 0; i < SHA256_BYTES; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return !differ;
}

bool sha256_read(const char *text, size_t len, uint8_t digest[SHA256_BYTES])
{
	if (len != SHA256_TEXT_BYTES - 1)
		return false;
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		int byte = hex_read_byte(text + 2 * i);
		if (byte < 0)
			return false;
		digest[i] = (uint8_t)byte;
	}
	return true;
}

void sha256_write(const uint8_t digest[SHA256_BYTES], char text[SHA256_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		*text++ = digits[digest[i] >> 4];
		*text++ = digits[digest[i] & 15];
	}
	*text = '\0';
}
