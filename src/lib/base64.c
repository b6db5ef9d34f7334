/* SPDX-License-Identifier: MIT */
#include "base64.h"

void base64_encode(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i;
		uint32_t three = (uint32_t)bytes[i] << 16 |
				 (n > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
				 (n > 2 ? (uint32_t)bytes[i + 2] : 0);
		*out++ = digits[three >> 18];
		*out++ = digits[three >> 12 & 63];
		*out++ = n > 1 ? digits[three >> 6 & 63] : '=';
		*out++ = n > 2 ? digits[three & 63] : '=';
	}
	*out = '\0';
}

/* The value of a digit; -1: it is none. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
	*out_len = 0;
	if (len % 4 != 0)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		size_t digits = 4;
		while (i + 4 == len && digits > 2 && text[i + digits - 1] == '=')
			digits--;
		uint32_t three = 0;
		for (size_t k = 0; k < 4; k++) {
			int value = k < digits ? value_of(text[i + k]) : 0;
			if (value < 0)
				return false;
			three = three << 6 | (uint32_t)value;
		}
		/* What no byte is made of must be 0, or two texts would be the same bytes. */
		if ((three & ((1U << 8 * (4 - digits)) - 1)) != 0)
			return false;
		for (size_t k = 0; k < digits - 1; k++)
			out[(*out_len)++] = (uint8_t)(three >> (16 - 8 * k));
	}
	return true;
}
