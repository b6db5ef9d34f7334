/* SPDX-License-Identifier: MIT */
/* Internet addresses of both families, their networks, and which of them are anybody's to reach. */
#ifndef SQUASH_LIB_ADDR_H
#define SQUASH_LIB_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_TEXT_BYTES 46 /* INET6_ADDRSTRLEN */

struct addr {
	uint8_t family;    /* 4 or 6 */
	uint8_t bytes[16]; /* as on the wire; of an IPv4 address the first 4, the others 0 */
};

struct addr_net {
	struct addr addr; /* bits beyond the prefix are 0 */
	uint8_t prefix;   /* bits: 0 to 32 or 128 */
};

/* Read len bytes, all of them, as an address in its usual text: four decimal numbers without
 * leading zeros, or RFC 4291 2.2 without a zone. */
bool addr_parse(const char *text, size_t len, struct addr *a);

/* The same with "/prefix" behind it; without, the network of that address alone. Bits set beyond
 * the prefix are refused: what was meant is not known. */
bool addr_parse_net(const char *text, size_t len, struct addr_net *net);

/* RFC 5952. Returns text. */
const char *addr_text(const struct addr *a, char text[ADDR_TEXT_BYTES]);

bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_is_in(const struct addr *a, const struct addr_net *net);

/* Whether the address is one that the whole internet can reach: none that the IANA special-purpose
 * registries say is not (RFC 6890 and its successors: private, loopback, link-local with the
 * clouds' metadata, CGNAT, documentation, benchmarking, reserved...), no multicast, nor an IPv6
 * address that stands for such an IPv4 one (mapped, compatible, NAT64, 6to4; Teredo never is). */
bool addr_is_public(const struct addr *a);

#endif
