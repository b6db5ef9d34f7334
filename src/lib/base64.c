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
