/* SPDX-License-Identifier: MIT */
/* Names in DNS messages: RFC 1035 3.1, 4.1.4. */
#include <string.h>

#include "dns_part.h"

#define LABEL_BYTES 63
#define HOPS_MAX 127 /* as many labels has a name at most, of which each may be a pointer */

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

/* Add the label at from, of len bytes, with its length. False if the name gets too long. */
static bool add_label(struct dns_wire *name, const uint8_t *from, size_t len)
{
	if (name->len + 1 + len > sizeof(name->bytes))
		return false;
	name->bytes[name->len++] = (uint8_t)len;
	for (size_t i = 0; i < len; i++)
		name->bytes[name->len++] = lower(from[i]);
	return true;
}

/* A pointer leads to before where the bytes that it ends began, so each is followed once at most;
 * and to behind the head, which holds no name. */
size_t dns_read_name(const uint8_t *bytes, size_t len, size_t at, struct dns_wire *name)
{
	size_t start = at, end = 0;
	unsigned hops = 0;
	name->len = 0;
	while (at < len) {
		uint8_t size = bytes[at];
		if (size >= 0xc0) {
			size_t target = len - at < 2 ? len : dns_get16(bytes + at) & 0x3fffu;
			if (target >= start || target < DNS_HEAD_BYTES || ++hops > HOPS_MAX)
				return 0;
			end = end ? end : at + 2;
			at = start = target;
			continue;
		}
		if (size > LABEL_BYTES || len - at <= size ||
		    !add_label(name, bytes + at + 1, size))
			return 0;
		at += (size_t)1 + size;
		if (size == 0)
			return end ? end : at;
	}
	return 0;
}

void dns_name_to_wire(const char *name, struct dns_wire *wire)
{
	wire->len = 0;
	while (*name) {
		size_t len = strcspn(name, ".");
		add_label(wire, (const uint8_t *)name, len);
		name += len + (name[len] == '.');
	}
	add_label(wire, NULL, 0);
}
