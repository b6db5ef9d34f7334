/* SPDX-License-Identifier: MIT */
/* The network cards: switched on when they come, given an address when their cable is in.
 *
 * Every Ethernet card takes part: with SQUASH_IP=dhcp each one whose link is up has a DHCP client;
 * a fixed address goes to the first card whose link comes up, and stays there. */
#ifndef SQUASH_INIT_NETWORK_H
#define SQUASH_INIT_NETWORK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "services.h"
#include "settings.h"

#define NETWORK_CARDS_MAX 12 /* SERVICES_MAX less the services that are not DHCP clients */

struct network_card {
	int index; /* 0: a free slot */
	char name[IFNAMSIZ];
	bool has_link;    /* the cable is in */
	bool asks;        /* a DHCP client was started for it */
	uint32_t address; /* IPv4, network byte order; 0: none yet */
};

struct network {
	int event_fd; /* rtnetlink, for poll(2) */
	struct network_card cards[NETWORK_CARDS_MAX];
	const struct settings *settings; /* NULL until network_configure() */
	struct services *services;
	int fixed_index;    /* the card that got the fixed address, or 0 */
	uint64_t remark_ms; /* when to say what is still missing, or 0 */
};

/* Listen for cards, and switch on those that are there: a link takes seconds to come up, during
 * which the boot goes on. *n is all zeroes before. */
int network_start(struct network *n, struct err *e);

/* Give addresses from now on. settings and services are borrowed for good. */
void network_configure(struct network *n, const struct settings *settings,
		       struct services *services);

/* Take in what has happened to cards and addresses; addresses that come are said. */
void network_read_events(struct network *n);

bool network_has_card(const struct network *n);

/* Say, once, what is missing a while after the boot. Milliseconds until this must be called again,
 * or -1. */
int network_remark(struct network *n);

/* Switch the loopback interface on. */
int network_start_loopback(struct err *e);

#endif
