/* SPDX-License-Identifier: MIT */
/* The name that a client says it wants to reach, in the first bytes it sends: the server name of a
 * TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3), whatever records and segments it is split over, or
 * the Host of an HTTP/1 request (RFC 9112 3.2). Pure. */
#ifndef SQUASH_EGRESS_SNIFF_H
#define SQUASH_EGRESS_SNIFF_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/allow.h"

#define SNIFF_BYTES 16384 /* what is looked at; a ClientHello with post-quantum keys takes 2 KiB */

enum sniff_result {
	SNIFF_MORE,    /* what there is so far is a beginning */
	SNIFF_NAME,    /* name is filled, as allow_read_name leaves it */
	SNIFF_ADDRESS, /* a Host that is an address: addr is filled */
	SNIFF_NONE,    /* it is TLS, or HTTP, and says no name */
	SNIFF_BAD, /* it is neither, or malformed, or says two things, or what it says is no name */
};

/* Filled as the result says. */
struct sniff {
	char name[ALLOW_NAME_BYTES + 1];
	struct addr addr;
};

/* Read len bytes, SNIFF_BYTES at most; SNIFF_MORE is never said of that many. Of more bytes behind
 * the same ones any other result is the same. */
enum sniff_result sniff_read(const uint8_t *bytes, size_t len, struct sniff *s);

/* The two it is made of. A server name that is an address is bad, as RFC 6066 has it; a request is
 * read to the end of its head, and is bad if servers may differ on what it says. */
enum sniff_result sniff_tls(const uint8_t *bytes, size_t len, struct sniff *s);
enum sniff_result sniff_http(const uint8_t *bytes, size_t len, struct sniff *s);

#endif
