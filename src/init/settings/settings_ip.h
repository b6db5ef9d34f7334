/* SPDX-License-Identifier: MIT */
/* The value of SQUASH_IP and SQUASH_EGRESS_IP: what addresses a network card gets. Pure. */
#ifndef SQUASH_INIT_SETTINGS_SETTINGS_IP_H
#define SQUASH_INIT_SETTINGS_SETTINGS_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

#define SETTINGS_DNS_MAX 2

/* Fixed, of one family; address.family 0: it isn't fixed. An address that isn't given has family
 * 0. */
struct settings_fixed {
	struct addr address;
	uint8_t prefix;
	struct addr gateway;
	struct addr dns[SETTINGS_DNS_MAX];
};

struct settings_ip {
	bool dhcp; /* IPv4 by DHCP */
	/* Without a fixed one of IPv6, its addresses are those that routers announce (SLAAC). */
	struct settings_fixed v4, v6;
};

/* Read "dhcp" or address/prefix[,gateway[,dns[,dns]]], or two of these of different families with a
 * semicolon between; gateway and dns may be empty. NULL, or a phrase that says what is wrong;
 * then *out is as it was. */
const char *settings_ip_parse(const char *text, struct settings_ip *out);

#endif
