/* SPDX-License-Identifier: MIT */
#include "rdnss.h"

#include <string.h>

#define TYPE_RDNSS 25
#define UNIT 8 /* bytes: what an option's length counts in */
#define HEAD 8 /* type, length, two reserved, a lifetime of 32 bits */
#define ADDRESS 16

static bool drop_old(struct rdnss *r, uint64_t now_ms)
{
	size_t kept = 0;
	struct rdnss new = {.until_ms = {0}};
	for (size_t i = 0; i < RDNSS_MAX; i++) {
		if (!r->servers[i].family || r->until_ms[i] <= now_ms)
			continue;
		new.servers[kept] = r->servers[i];
		new.until_ms[kept++] = r->until_ms[i];
	}
	bool changed = kept < RDNSS_MAX && r->servers[kept].family;
	*r = new;
	return changed;
}

/* The server has that lifetime from now on; 0: none. */
static bool put(struct rdnss *r, const struct addr *server, uint64_t now_ms, uint64_t until_ms)
{
	size_t i = 0;
	while (i < RDNSS_MAX && r->servers[i].family && !addr_equal(&r->servers[i], server))
		i++;
	if (i == RDNSS_MAX || (!r->servers[i].family && until_ms <= now_ms))
		return false;
	bool is_new = !r->servers[i].family;
	r->servers[i] = *server;
	r->until_ms[i] = until_ms;
	return until_ms <= now_ms ? drop_old(r, now_ms) : is_new;
}

static bool take_servers(struct rdnss *r, const uint8_t *option, size_t len, uint64_t now_ms)
{
	bool changed = false;
	if (len < HEAD + ADDRESS)
		return false;
	uint32_t seconds = (uint32_t)option[4] << 24 | (uint32_t)option[5] << 16 |
			   (uint32_t)option[6] << 8 | option[7];
	uint64_t until_ms = seconds == UINT32_MAX ? UINT64_MAX : now_ms + UINT64_C(1000) * seconds;
	for (size_t at = HEAD; at + ADDRESS <= len; at += ADDRESS) {
		struct addr server = {.family = 6};
		memcpy(server.bytes, option + at, ADDRESS);
		if (server.bytes[0] == 0xff ||
		    (server.bytes[0] == 0xfe && (server.bytes[1] & 0xc0) == 0x80))
			continue;
		changed = put(r, &server, now_ms, until_ms) || changed;
	}
	return changed;
}

bool rdnss_take(struct rdnss *r, const uint8_t *options, size_t len, uint64_t now_ms)
{
	bool changed = drop_old(r, now_ms);
	for (size_t at = 0; len - at >= UNIT;) {
		size_t option_len = options[at + 1] * (size_t)UNIT;
		if (option_len == 0 || option_len > len - at)
			break;
		if (options[at] == TYPE_RDNSS)
			changed = take_servers(r, options + at, option_len, now_ms) || changed;
		at += option_len;
	}
	return changed;
}
