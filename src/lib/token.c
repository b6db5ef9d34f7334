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

bool token_equal(const char *given, size_t given_len, const char *secret, size_t secret_len)
{
	/* volatile: the compiler must not turn this into an early exit */
	volatile unsigned char differ = given_len != secret_len;
	for (size_t i = 0; i < given_len; i++) {
		size_t j = secret_len > 0 ? i % secret_len : 0;
		unsigned char s = secret_len > 0 ? (unsigned char)secret[j] : 0;
		differ |= (unsigned char)((unsigned char)given[i] ^ s);
	}
	return !differ;
}
