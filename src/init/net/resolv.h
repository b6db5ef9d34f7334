/* SPDX-License-Identifier: MIT */
/* The name servers that each network card has been told of, and the two lists made of them:
 * PATH_RESOLV, the appliance's, and PATH_EGRESS_RESOLV, that of the sandboxes' card. Each card and
 * source has a file below PATH_RUN; whoever changes one, init or the program that udhcpc runs,
 * makes the list anew. */
#ifndef SQUASH_INIT_NET_RESOLV_H
#define SQUASH_INIT_NET_RESOLV_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "lib/err.h"

/* In the order in which they are asked. */
enum resolv_source { RESOLV_FIXED, RESOLV_FIXED6, RESOLV_DHCP, RESOLV_ROUTER };

/* The card has these name servers now, in place of those of before; none: count is 0. Those that
 * are not set (family 0) are passed over. 0 or -errno. */
int resolv_put(int index, bool is_egress, enum resolv_source source, const struct addr *servers,
	       size_t count, struct err *e);

/* Make the sandboxes' list, empty, if it is not there: from then on it counts. 0 or -errno. */
int resolv_begin_egress(struct err *e);

#endif
