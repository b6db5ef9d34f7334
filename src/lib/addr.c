/* SPDX-License-Identifier: MIT */
#include "addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define GROUPS 8 /* of 16 bits, in an IPv6 address */

static unsigned bits_of(const struct addr *a)
{
	return a->family == 4 ? 32 : 128;
}

bool addr_parse(const char *text, size_t len, struct addr *a)
{
	char copy[ADDR_TEXT_BYTES];
	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*a = (struct addr){.family = memchr(text, ':', len) ? 6 : 4};
	/* Of glibc and musl alike: no leading zeros, no short forms, no blanks, no zone. */
	return inet_pton(a->family == 4 ? AF_INET : AF_INET6, copy, a->bytes) == 1;
}

/* Decimal without leading zeros, at most max. */
static bool read_prefix(const char *text, size_t len, unsigned max, uint8_t *prefix)
{
	unsigned value = 0;
	if (len == 0 || len > 3 || (text[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*prefix = (uint8_t)value;
	return value <= max;
}

static bool is_clear_beyond(const struct addr *a, unsigned prefix)
{
	for (unsigned bit = prefix; bit < bits_of(a); bit++)
		if (a->bytes[bit / 8] & (0x80 >> bit % 8))
			return false;
	return true;
}

bool addr_parse_net(const char *text, size_t len, struct addr_net *net)
{
	const char *slash = len > 0 ? memchr(text, '/', len) : NULL;
	size_t addr_len = slash ? (size_t)(slash - text) : len;
	if (!addr_parse(text, addr_len, &net->addr))
		return false;
	net->prefix = (uint8_t)bits_of(&net->addr);
	if (!slash)
		return true;
	return read_prefix(slash + 1, len - addr_len - 1, net->prefix, &net->prefix) &&
	       is_clear_beyond(&net->addr, net->prefix);
}

static unsigned group_at(const struct addr *a, size_t i)
{
	return (unsigned)a->bytes[2 * i] << 8 | a->bytes[2 * i + 1];
}

/* The longest run of groups that are 0, the first of equals; *len 0 if none is of two or more. */
static unsigned find_zeroes(const struct addr *a, unsigned groups, unsigned *len)
{
	unsigned best = 0;
	*len = 0;
	for (unsigned i = 0; i < groups; i++) {
		unsigned end = i;
		while (end < groups && group_at(a, end) == 0)
			end++;
		if (end - i >= 2 && end - i > *len) {
			best = i;
			*len = end - i;
		}
	}
	return best;
}

static bool has_begin(const struct addr *a, const uint8_t *begin, size_t len)
{
	return memcmp(a->bytes, begin, len) == 0;
}

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96, RFC 4291 2.5.5.2 */

static void write_v4(const uint8_t *bytes, char *text, size_t cap)
{
	snprintf(text, cap, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* Not by inet_ntop: the C libraries differ in which run of zeroes they shorten, and in whether an
 * IPv4-compatible address is written with dots. */
static void write_v6(const struct addr *a, char text[ADDR_TEXT_BYTES])
{
	bool dotted = has_begin(a, mapped, sizeof(mapped));
	unsigned groups = dotted ? GROUPS - 2 : GROUPS;
	unsigned run, from = find_zeroes(a, groups, &run);
	size_t at = 0;
	for (unsigned i = 0; i < groups; i++) {
		if (run > 0 && i == from) {
			text[at++] = ':';
			i += run - 1;
			if (i + 1 == GROUPS)
				text[at++] = ':';
			continue;
		}
		at += (size_t)snprintf(text + at, ADDR_TEXT_BYTES - at, "%s%x", i > 0 ? ":" : "",
				       group_at(a, i));
	}
	text[at] = '\0';
	if (dotted) {
		text[at++] = ':';
		write_v4(a->bytes + sizeof(mapped), text + at, ADDR_TEXT_BYTES - at);
	}
}

const char *addr_text(const struct addr *a, char text[ADDR_TEXT_BYTES])
{
	if (a->family == 4)
		write_v4(a->bytes, text, ADDR_TEXT_BYTES);
	else
		write_v6(a, text);
	return text;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool is_begin_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned rest = bits % 8;
	return memcmp(a, b, bits / 8) == 0 &&
	       (rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0);
}

bool addr_is_in(const struct addr *a, const struct addr_net *net)
{
	return a->family == net->addr.family &&
	       is_begin_equal(a->bytes, net->addr.bytes, net->prefix);
}

struct range {
	uint8_t bytes[4];
	uint8_t prefix;
};

static bool is_in_ranges(const uint8_t *bytes, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_begin_equal(bytes, ranges[i].bytes, ranges[i].prefix))
			return true;
	return false;
}

/* https://www.iana.org/assignments/iana-ipv4-special-registry, without what it says is globally
 * reachable (192.31.196.0/24, 192.52.193.0/24, 192.175.48.0/24); and multicast. */
static const struct range closed_v4[] = {
	{{0}, 8},                 /* "this network", the unspecified address: RFC 791, RFC 1122 */
	{{10}, 8},                /* private: RFC 1918 */
	{{100, 64}, 10},          /* shared by a carrier's customers (CGNAT): RFC 6598 */
	{{127}, 8},               /* loopback: RFC 1122 */
	{{168, 63, 129, 16}, 32}, /* in no registry: Azure's metadata and key service for its VMs */
	{{169, 254}, 16},         /* link-local, most clouds' metadata: RFC 3927 */
	{{172, 16}, 12},          /* private: RFC 1918 */
	/* Protocol assignments, Oracle's metadata: RFC 6890. Two of them are said to be reachable,
	 * but by anycast: the nearest is the network's own. */
	{{192, 0, 0}, 24},
	{{192, 0, 2}, 24},    /* documentation: RFC 5737 */
	{{192, 88, 99}, 24},  /* 6to4's relays, deprecated: RFC 7526 */
	{{192, 168}, 16},     /* private: RFC 1918 */
	{{198, 18}, 15},      /* benchmarking, and our synthetic addresses: RFC 2544 */
	{{198, 51, 100}, 24}, /* documentation: RFC 5737 */
	{{203, 0, 113}, 24},  /* documentation: RFC 5737 */
	{{224}, 4},           /* multicast: RFC 5771 */
	{{240}, 4},           /* reserved, and the limited broadcast: RFC 1112, RFC 8190 */
};

/* https://www.iana.org/assignments/iana-ipv6-special-registry, what of it lies within 2000::/3. */
static const struct range closed_v6[] = {
	/* Protocol assignments: RFC 2928. With Teredo (2001::/32, RFC 4380), which stands for any
	 * IPv4 address, benchmarking (RFC 5180) and ORCHID (RFC 7343). What is reachable of it is
	 * for routers and name servers. */
	{{0x20, 0x01}, 23},
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation: RFC 3849 */
	{{0x3f, 0xff}, 20},             /* documentation: RFC 9637 */
};

/* All that IANA has given to anybody: RFC 4291 2.4. Beyond are loopback, unique local, link-local
 * and site-local addresses, multicast, the discard prefix, SIDs, 64:ff9b:1::/48 (RFC 8215), which
 * each network translates as it likes, and what is reserved. */
static const struct range global_v6 = {{0x20}, 3};

static bool is_public_v4(const uint8_t *bytes)
{
	return !is_in_ranges(bytes, closed_v4, sizeof(closed_v4) / sizeof(closed_v4[0]));
}

/* The IPv4 address that an IPv6 address stands for, or NULL. */
static const uint8_t *embedded_v4(const struct addr *a)
{
	static const uint8_t compatible[12];                       /* RFC 4291 2.5.5.1 */
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b}; /* RFC 6052 2.1 */
	static const uint8_t sixtofour[2] = {0x20, 0x02};          /* RFC 3056 2 */
	if (has_begin(a, compatible, sizeof(compatible)) || has_begin(a, mapped, sizeof(mapped)) ||
	    has_begin(a, nat64, sizeof(nat64)))
		return a->bytes + 12;
	return has_begin(a, sixtofour, sizeof(sixtofour)) ? a->bytes + 2 : NULL;
}

bool addr_is_public(const struct addr *a)
{
	if (a->family == 4)
		return is_public_v4(a->bytes);
	const uint8_t *v4 = embedded_v4(a);
	if (v4)
		return is_public_v4(v4);
	return is_in_ranges(a->bytes, &global_v6, 1) &&
	       !is_in_ranges(a->bytes, closed_v6, sizeof(closed_v6) / sizeof(closed_v6[0]));
}
