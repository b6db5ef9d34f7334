/* SPDX-License-Identifier: MIT */
/* Entries of allow_net: what a sandbox may reach. Text is compared without case; IDNs are written
 * as A-labels (RFC 5890). What is no name, and what programs read as an address though it is not
 * written as one (decimal, hexadecimal, octal, short forms), is refused. */
#ifndef SQUASH_LIB_ALLOW_H
#define SQUASH_LIB_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define ALLOW_NAME_BYTES 253 /* RFC 1035 2.3.4: 255 octets on the wire */

enum allow_kind {
	ALLOW_NOTHING, /* "none" */
	ALLOW_ANY,     /* "*": any name */
	ALLOW_NAME,    /* "example.com" */
	ALLOW_BELOW,   /* "*.example.com": any depth below, not itself */
	ALLOW_NET,     /* an address or a network, written as such */
};

#define ALLOW_PORT_WEB (-1) /* 80 and 443: nothing else is said */
#define ALLOW_PORT_ANY 0    /* ":*" */

struct allow {
	enum allow_kind kind;
	int port;                        /* 1 to 65535, or one of the above */
	char name[ALLOW_NAME_BYTES + 1]; /* lower case, without the final dot; of ALLOW_BELOW what
					  * it is below of */
	struct addr_net net;
};

/* Read one entry, a string. NULL and *a filled, or what is wrong with it: a phrase for a person,
 * to follow the entry's name ("is no host name"). An IPv6 address or network that a port follows
 * stands in brackets. */
const char *allow_parse(const char *text, struct allow *a);

/* Make len bytes a name as above: lower case, without the final dot. False if it is none (see
 * above), or an address. */
bool allow_read_name(const char *text, size_t len, char name[ALLOW_NAME_BYTES + 1]);

/* Whether one of the entries allows the name (as allow_read_name leaves it), at that port, or, with
 * port 0, at any. */
bool allow_has_name(const struct allow *all, size_t count, const char *name, uint16_t port);

/* Whether one of the entries is, or has, that address, at that port, or, with port 0, at any. */
bool allow_has_addr(const struct allow *all, size_t count, const struct addr *a, uint16_t port);

#endif
