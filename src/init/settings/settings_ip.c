/* SPDX-License-Identifier: MIT */
#include "settings_ip.h"

#include <string.h>

static const char no_part[] = "is neither dhcp nor address/prefix,gateway,dns";

/* The text up to a character of stops, or all of it. */
struct word {
	const char *at;
	size_t len;
};

static struct word take(const char **at, const char *end, char stop)
{
	struct word w = {.at = *at};
	while (w.at + w.len < end && w.at[w.len] != stop)
		w.len++;
	*at += w.len;
	if (*at < end)
		++*at;
	return w;
}

/* A decimal number without a sign, up to most. */
static bool read_prefix(struct word w, unsigned most, uint8_t *out)
{
	unsigned n = 0;
	for (size_t i = 0; i < w.len; i++) {
		if (w.len > 3 || w.at[i] < '0' || w.at[i] > '9')
			return false;
		n = n * 10 + (unsigned)(w.at[i] - '0');
	}
	*out = (uint8_t)n;
	return w.len > 0 && n >= 1 && n <= most;
}

/* Neither nobody's, nor the loopback, nor a multicast. */
static bool is_unicast(const struct addr *a)
{
	static const uint8_t zeroes[15];
	const uint8_t *b = a->bytes;
	if (a->family == 4)
		return b[0] != 0 && b[0] != 127 && b[0] < 224;
	return b[0] != 0xff && (memcmp(b, zeroes, sizeof(zeroes)) != 0 || b[15] > 1);
}

/* One of that family (0: any), or with optional, nothing. */
static bool read_address(struct word w, uint8_t family, bool optional, struct addr *out)
{
	*out = (struct addr){0};
	if (w.len == 0)
		return optional;
	return addr_parse(w.at, w.len, out) && is_unicast(out) &&
	       (family == 0 || out->family == family);
}

/* Bits beyond the prefix that are all 0, or, in IPv4, all 1, are the network's. */
static bool is_network(const struct addr *a, unsigned prefix)
{
	unsigned bits = a->family == 4 ? 32 : 128;
	bool zeroes = true, ones = true;
	for (unsigned i = prefix; i < bits; i++) {
		bool bit = (a->bytes[i / 8] >> (7 - i % 8) & 1) != 0;
		zeroes = zeroes && !bit;
		ones = ones && bit;
	}
	return prefix < bits - 1 && (zeroes || (ones && a->family == 4));
}

static const char *read_fixed(const char *at, const char *end, struct settings_fixed *f)
{
	const char *slash = memchr(at, '/', (size_t)(end - at));
	if (!slash || !read_address(take(&at, end, '/'), 0, false, &f->address) ||
	    !read_prefix(take(&at, end, ','), f->address.family == 4 ? 32 : 128, &f->prefix))
		return no_part;
	uint8_t family = f->address.family;
	if (!read_address(take(&at, end, ','), family, true, &f->gateway))
		return "has a gateway that is no address of its family";
	for (size_t i = 0; i < SETTINGS_DNS_MAX; i++)
		if (!read_address(take(&at, end, ','), 0, true, &f->dns[i]))
			return "has a DNS server that is no address";
	if (at < end)
		return "has text after the last DNS server";
	if (family == 6 && f->address.bytes[0] == 0xfe && (f->address.bytes[1] & 0xc0) == 0x80)
		return "is a link-local address";
	if (is_network(&f->address, f->prefix))
		return "is the address of a network, not of a machine";
	if (addr_equal(&f->gateway, &f->address))
		return "names the machine's own address as the gateway";
	return NULL;
}

static const char *read_part(const char *at, const char *end, struct settings_ip *ip)
{
	struct settings_fixed fixed = {0};
	bool has_v4 = ip->dhcp || ip->v4.address.family;
	bool is_dhcp = end - at == 4 && memcmp(at, "dhcp", 4) == 0;
	const char *fault = is_dhcp ? NULL : read_fixed(at, end, &fixed);
	if (fault)
		return fault;
	if (fixed.address.family == 6 ? ip->v6.address.family : has_v4)
		return "has two addresses of one family";
	if (is_dhcp)
		ip->dhcp = true;
	else if (fixed.address.family == 6)
		ip->v6 = fixed;
	else
		ip->v4 = fixed;
	return NULL;
}

const char *settings_ip_parse(const char *text, struct settings_ip *out)
{
	struct settings_ip ip = {0};
	const char *at = text, *end = text + strlen(text);
	do {
		struct word w = take(&at, end, ';');
		const char *fault = read_part(w.at, w.at + w.len, &ip);
		if (fault)
			return fault;
	} while (at < end);
	if (end > text && end[-1] == ';')
		return "ends in a semicolon";
	*out = ip;
	return NULL;
}
