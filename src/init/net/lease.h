/* SPDX-License-Identifier: MIT */
/* What a network card is given, by a DHCP server or by SQUASH_IP and SQUASH_EGRESS_IP, and the
 * program that udhcpc runs to have it put in place. */
#ifndef SQUASH_INIT_NET_LEASE_H
#define SQUASH_INIT_NET_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/err.h"
#include "resolv.h"

#define LEASE_DNS_MAX 3 /* resolvers read no more: MAXNS */

#define LEASE_EGRESS_TABLE 100 /* of routes: that of EGRESS_VRF */

struct lease {
	int index; /* of the card */
	bool is_egress;
	uint8_t prefix;
	struct addr address; /* family 0: none, as for what follows */
	struct addr gateway;
	struct addr dns[LEASE_DNS_MAX];
};

/* Give the card its address, route and name servers. 0, or -errno with e filled. */
int lease_apply(const struct lease *lease, enum resolv_source source, struct err *e);

/* The program under the name udhcpc-script: udhcpc calls it with deconfig, bound, renew, nak or
 * leasefail, and the lease in the environment. Its exit status. */
int lease_main(int argc, char **argv);

#endif
