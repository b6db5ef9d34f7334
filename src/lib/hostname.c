/* SPDX-License-Identifier: MIT */
#include "hostname.h"

#include <string.h>
#include <strings.h>

#include "addr.h"

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

/* The length without ":port". In brackets there is an address, and nothing else. */
static size_t without_port(const char *host, size_t len)
{
	size_t end = len;
	while (end > 0 && host[end - 1] >= '0' && host[end - 1] <= '9')
		end--;
	return end > 0 && host[end - 1] == ':' ? end - 1 : len;
}

static bool is_below(const char *host, size_t len, const char *top)
{
	size_t top_len = strlen(top);
	return len > top_len && host[len - top_len - 1] == '.' &&
	       strncasecmp(host + len - top_len, top, top_len) == 0;
}

bool hostname_is_public(const char *host, size_t len)
{
	static const char *const ours[] = {"localhost", "local", "home.arpa", "internal", "lan"};
	struct addr a;
	len = without_port(host, len);
	if (len > 0 && host[len - 1] == '.')
		len--;
	if (!memchr(host, '.', len) || addr_parse(host, len, &a) || host[0] == '[')
		return false;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (is_below(host, len, ours[i]))
			return false;
	}
	return true;
}
