/* SPDX-License-Identifier: MIT */
#include "rdnss.h"

#include <string.h>

#define TYPE_RDNSS 25
#define UNIT 8 /* bytes: what an option's length counts in */
#define HEAD 8 /* type, length, two reserved, a lifetime of 32 bits */
#define ADDRESS 16

static size_t take_servers(const uint8_t *option, size_t len, struct addr *servers, size_t max)
{
	static const uint8_t never[4];
	size_t count = 0;
	if (len < HEAD + ADDRESS || memcmp(option + 4, never, sizeof(never)) == 0)
		return 0;
	for (size_t at = HEAD; at + ADDRESS <= len && count < max; at += ADDRESS) {
		const uint8_t *b = option + at;
		if (b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80))
			continue;
		servers[count] = (struct addr){.family = 6};
		memcpy(servers[count++].bytes, b, ADDRESS);
	}
	return count;
}

size_t rdnss_parse(const uint8_t *options, size_t len, struct addr *servers, size_t max)
{
	size_t count = 0;
	for (size_t at = 0; len - at >= UNIT;) {
		size_t option_len = options[at + 1] * (size_t)UNIT;
		if (option_len == 0 || option_len > len - at)
			break;
		if (options[at] == TYPE_RDNSS)
			count += take_servers(options + at, option_len, servers + count,
					      max - count);
		at += option_len;
	}
	return count;
}
