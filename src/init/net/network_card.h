/* SPDX-License-Identifier: MIT */
/* A network card, and what init knows of it. */
#ifndef SQUASH_INIT_NET_NETWORK_CARD_H
#define SQUASH_INIT_NET_NETWORK_CARD_H

#include <net/if.h>
#include <stdbool.h>

#include "lib/addr.h"
#include "rdnss.h"

enum network_role {
	NETWORK_UNKNOWN, /* the settings aren't known yet */
	NETWORK_UNUSED,
	NETWORK_MANAGEMENT,
	NETWORK_EGRESS,
};

#define NETWORK_ADDRS6_MAX 8 /* of a card: one for each prefix that is announced */
#define NETWORK_MAC_BYTES 18 /* "52:54:00:12:34:56", a NUL */

struct network_card {
	int index; /* 0: a free slot */
	char name[IFNAMSIZ];
	char mac[NETWORK_MAC_BYTES]; /* lower case; empty: not said */
	enum network_role role;
	bool has_link;                              /* the cable is in */
	bool asks;                                  /* a DHCP client was started for it */
	struct addr address;                        /* IPv4; family 0: none yet, as of IPv6 */
	struct addr addresses6[NETWORK_ADDRS6_MAX]; /* with gaps */
	struct rdnss rdnss;                         /* what routers have told it */
};

#endif
