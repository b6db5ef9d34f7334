/* SPDX-License-Identifier: MIT */
#include "token.h"

#include <bearssl_hash.h>
#include <string.h>
#include <strings.h>

const char *token_from_header(const char *value, size_t *len)
{
	static const char scheme[] = "Bearer ";
	if (strncasecmp(value, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	const char *token = value + sizeof(scheme) - 1;
	token += strspn(token, " ");
	*len = strcspn(token, " \t");
	if (*len == 0 || token[*len + strspn(token + *len, " \t")] != '\0')
		return NULL;
	return token;
}

void token_digest(const char *token, size_t len, uint8_t digest[TOKEN_DIGEST_BYTES])
{
	br_sha256_context c;
	_Static_assert(br_sha256_SIZE == TOKEN_DIGEST_BYTES, "SHA-256");
	br_sha256_init(&c);
	br_sha256_update(&c, token, len);
	br_sha256_out(&c, digest);
	explicit_bzero(&c, sizeof(c));
}

bool token_equal(const uint8_t a[TOKEN_DIGEST_BYTES], const uint8_t b[TOKEN_DIGEST_BYTES])
{
	/* volatile: the compiler must not turn this into an early exit */
	volatile unsigned char differ = 0;
	for (size_t i = 0; i < TOKEN_DIGEST_BYTES; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return !differ;
}

static int read_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool token_read_digest(const char *text, size_t len, uint8_t digest[TOKEN_DIGEST_BYTES])
{
	if (len != TOKEN_DIGEST_TEXT_BYTES - 1)
		return false;
	for (size_t i = 0; i < TOKEN_DIGEST_BYTES; i++) {
		int high = read_digit(text[2 * i]), low = read_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void token_write_digest(const uint8_t digest[TOKEN_DIGEST_BYTES],
			char text[TOKEN_DIGEST_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < TOKEN_DIGEST_BYTES; i++) {
		*text++ = digits[digest[i] >> 4];
		*text++ = digits[digest[i] & 15];
	}
	*text = '\0';
}

void token_write(const uint8_t random[TOKEN_RANDOM_BYTES], char text[TOKEN_TEXT_BYTES])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned bits = 0, count = 0; /* read, and not yet written */
	for (size_t i = 0; i < TOKEN_RANDOM_BYTES; i++) {
		bits = bits << 8 | random[i];
		for (count += 8; count >= 6; count -= 6)
			*text++ = digits[bits >> (count - 6) & 63];
	}
	*text++ = digits[bits << (6 - count) & 63]; /* 256 bits are 42 digits and 4 bits */
	*text = '\0';
}
