/* SPDX-License-Identifier: MIT */
/* What the parts of dns.h share. */
#ifndef SQUASH_EGRESS_DNS_PART_H
#define SQUASH_EGRESS_DNS_PART_H

#include "dns.h"

#define DNS_HEAD_BYTES 12 /* RFC 1035 4.1.1: id, flags, four counts; 16 bits each */
#define DNS_CLASS_IN 1

enum dns_flag {
	DNS_FLAG_RESPONSE = 0x8000,
	DNS_FLAG_OPCODE = 0x7800,
	DNS_FLAG_TRUNCATED = 0x0200,
	DNS_FLAG_RECURSION = 0x0100,
	DNS_FLAG_RECURSIVE = 0x0080, /* RA: recursion is there to be had */
	DNS_FLAG_CODE = 0x000f,
};

enum dns_head {
	DNS_ID_AT = 0,
	DNS_FLAGS_AT = 2,
	DNS_QUESTIONS_AT = 4,
	DNS_ANSWERS_AT = 6,
	DNS_AUTHORITIES_AT = 8
};

/* A name as on the wire, not compressed: labels with their lengths, the last one empty. */
struct dns_wire {
	uint8_t bytes[DNS_NAME_BYTES];
	size_t len;
};

static inline uint16_t dns_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t dns_get32(const uint8_t *at)
{
	return (uint32_t)dns_get16(at) << 16 | dns_get16(at + 2);
}

/* Read the name at offset at of a message, following what it is compressed with; letters are made
 * lower case. The offset behind it, or 0: it is malformed. */
size_t dns_read_name(const uint8_t *bytes, size_t len, size_t at, struct dns_wire *name);

/* Make a name, as allow_read_name leaves it, what it is on the wire. */
void dns_name_to_wire(const char *name, struct dns_wire *wire);

#endif
