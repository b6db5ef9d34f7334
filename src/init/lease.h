/* SPDX-License-Identifier: MIT */
/* What a network card is given, by a DHCP server or by SQUASH_IP, and the program that udhcpc runs
 * to have it put in place. */
#ifndef SQUASH_INIT_LEASE_H
#define SQUASH_INIT_LEASE_H

#include <stdint.h>

#include "lib/err.h"

#define LEASE_DNS_MAX 3 /* resolvers read no more: MAXNS */

struct lease {
	int index; /* of the card */
	uint8_t prefix;
	uint32_t address; /* all addresses in network byte order; 0: none */
	uint32_t gateway;
	uint32_t dns[LEASE_DNS_MAX];
};

/* Give the card its address, route and name servers. 0, or -errno with e filled. */
int lease_apply(const struct lease *lease, struct err *e);

/* The program under the name udhcpc-script: udhcpc calls it with deconfig, bound, renew, nak or
 * leasefail, and the lease in the environment. Its exit status. */
int lease_main(int argc, char **argv);

#endif
