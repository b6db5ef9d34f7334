/* SPDX-License-Identifier: MIT */
/* The network cards: switched on when they come, given an address when their cable is in.
 *
 * Every Ethernet card takes part in the management, or the one that SQUASH_IFACE names; what no
 * setting names is switched off again then. With DHCP each card whose link is up has a client; a
 * fixed address goes to the first card whose link comes up, and stays there. Of IPv6, the kernel
 * takes the addresses that routers announce, where none is fixed.
 *
 * The card that SQUASH_EGRESS_IFACE names is the sandboxes': it is in a VRF of its own, with its
 * own routes and name servers. The appliance's sockets, those that the API listens on too, are in
 * no VRF, and the sandboxes' are bound to this one: nothing of one goes by the other's card,
 * whatever is unplugged. */
#ifndef SQUASH_INIT_NET_NETWORK_H
#define SQUASH_INIT_NET_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "init/boot/modules.h"
#include "init/settings/settings.h"
#include "lib/err.h"
#include "network_card.h"

#define NETWORK_REMARK_MS                                                                          \
	10000                /* links take 3 s, DHCP servers behind careful switches a few more */
#define NETWORK_CARDS_MAX 12 /* SERVICES_MAX less the services that are not DHCP clients */

struct services;

struct network {
	int event_fd; /* rtnetlink, for poll(2) */
	struct network_card cards[NETWORK_CARDS_MAX];
	const struct settings *settings; /* NULL until network_configure() */
	struct services *services;
	int vrf_index;      /* of EGRESS_VRF; 0: there is none */
	int fixed_index;    /* the card that got SQUASH_IP's address, or 0 */
	int fixed_index6;   /* the one that got that of IPv6 */
	uint64_t remark_ms; /* when to say what is still missing, or 0 */
};

/* Listen for cards, and switch on those that are there: a link takes seconds to come up, during
 * which the boot goes on. *n is all zeroes before. */
int network_start(struct network *n, struct err *e);

/* If the settings give the sandboxes a card of their own, make its VRF. Its kernel module is
 * loaded. 0, or -errno: then they reach nothing. */
int network_make_egress(struct network *n, const struct settings *settings, struct modules *m,
			struct err *e);

/* Give addresses from now on. settings and services are borrowed for good. */
void network_configure(struct network *n, const struct settings *settings,
		       struct services *services);

/* Take in what has happened to cards and addresses; addresses that come are said. */
void network_read_events(struct network *n);

/* Whether the card is the one of that name or MAC address. */
bool network_is_called(const struct network_card *card, const char *wanted);

bool network_has_card(const struct network *n);

/* Say, once, what is missing a while after the boot. Milliseconds until this must be called again,
 * or -1. */
int network_remark(struct network *n);

/* Switch the loopback interface on. */
int network_start_loopback(struct err *e);

#endif
