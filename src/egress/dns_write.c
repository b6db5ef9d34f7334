/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "dns_part.h"

/* What is written here always fits: head, question and one record of an address are 287 bytes. */
struct out {
	uint8_t *bytes;
	size_t len;
};

static void put16(struct out *o, unsigned value)
{
	o->bytes[o->len++] = (uint8_t)(value >> 8);
	o->bytes[o->len++] = (uint8_t)value;
}

static void put32(struct out *o, uint32_t value)
{
	put16(o, value >> 16);
	put16(o, value & 0xffff);
}

static void put_bytes(struct out *o, const uint8_t *bytes, size_t len)
{
	memcpy(o->bytes + o->len, bytes, len);
	o->len += len;
}

static void put_head(struct out *o, uint16_t id, unsigned flags, unsigned questions,
		     unsigned answers)
{
	put16(o, id);
	put16(o, flags);
	put16(o, questions);
	put16(o, answers);
	put32(o, 0); /* no authorities, nothing additional */
}

size_t dns_write_answer(const struct dns_question *q, enum dns_code code, const struct addr *addr,
			uint32_t ttl, uint8_t out[DNS_UDP_BYTES])
{
	struct out o = {.bytes = out};
	unsigned flags = DNS_FLAG_RESPONSE | DNS_FLAG_RECURSIVE | (unsigned)code;
	put_head(&o, q->id, flags | (q->recursion ? DNS_FLAG_RECURSION : 0), 1, addr ? 1 : 0);
	put_bytes(&o, q->wire, q->wire_len);
	if (addr) {
		put16(&o, 0xc000 | DNS_HEAD_BYTES); /* the name in the question */
		put16(&o, DNS_A);
		put16(&o, DNS_CLASS_IN);
		put32(&o, ttl);
		put16(&o, 4);
		put_bytes(&o, addr->bytes, 4);
	}
	return o.len;
}

size_t dns_write_error(uint16_t id, enum dns_code code, uint8_t out[DNS_UDP_BYTES])
{
	struct out o = {.bytes = out};
	put_head(&o, id, DNS_FLAG_RESPONSE | DNS_FLAG_RECURSIVE | (unsigned)code, 0, 0);
	return o.len;
}

size_t dns_write_query(uint16_t id, const char *name, enum dns_type type,
		       uint8_t out[DNS_UDP_BYTES])
{
	struct out o = {.bytes = out};
	struct dns_wire wire;
	dns_name_to_wire(name, &wire);
	put_head(&o, id, DNS_FLAG_RECURSION, 1, 0);
	put_bytes(&o, wire.bytes, wire.len);
	put16(&o, type);
	put16(&o, DNS_CLASS_IN);
	return o.len;
}
