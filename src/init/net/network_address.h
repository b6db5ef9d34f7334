/* SPDX-License-Identifier: MIT */
/* What rtnetlink says of a card's addresses: RTM_NEWADDR and RTM_DELADDR. */
#ifndef SQUASH_INIT_NET_NETWORK_ADDRESS_H
#define SQUASH_INIT_NET_NETWORK_ADDRESS_H

#include <linux/netlink.h>
#include <stdbool.h>

#include "network_card.h"

/* Whether clients can use it: not while the network is asked whether somebody else has it. */
bool network_address_is_ready(const struct nlmsghdr *head);

/* False: it is of another family. */
bool network_address_read(const struct nlmsghdr *head, struct addr *a);

/* Where the card keeps that address, or will keep it. NULL: it has no room for more. */
struct addr *network_address_find(struct network_card *card, const struct addr *a);

#endif
