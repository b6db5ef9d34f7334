/* SPDX-License-Identifier: MIT */
#include "hostname.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_alnum(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Dot-separated labels of letters, digits and inner hyphens (RFC 1123, section 2.1). */
const char *hostname_check(const char *text)
{
	size_t len = strlen(text);
	char before = '.';
	for (size_t i = 0; i <= len; i++) {
		char c = i < len ? text[i] : '.';
		bool edge = c == '.' || c == '-';
		if (!(is_alnum(c) || (c == '-' && before != '.') || (c == '.' && is_alnum(before))))
			return "is not a host name (letters, digits, hyphens, dots)";
		before = edge ? c : 'a';
	}
	_Static_assert(HOSTNAME_BYTES == 63, "it stands in the text");
	return len > HOSTNAME_BYTES ? "is longer than a host name may be (63 characters)" : NULL;
}
