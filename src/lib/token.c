/* SPDX-License-Identifier: MIT */
#include "token.h"

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
