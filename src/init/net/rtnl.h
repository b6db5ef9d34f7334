/* SPDX-License-Identifier: MIT */
/* The few requests to the kernel's routing (rtnetlink(7)) that setting up a network card takes.
 * All return 0, or -errno with e filled, if nothing else is said. */
#ifndef SQUASH_INIT_NET_RTNL_H
#define SQUASH_INIT_NET_RTNL_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/err.h"

/* A socket that hears of links and addresses (groups: RTMGRP_ bits; 0 for none), non-blocking if
 * there are groups. Returned; the caller closes it. */
int rtnl_open(uint32_t groups, struct err *e);

/* Ask for all links, or all addresses, to be told on fd (RTM_GETLINK, RTM_GETADDR). */
int rtnl_dump(int fd, uint16_t type, struct err *e);

/* The payload of the message's attribute of this type, if it has at least min_bytes, or NULL. The
 * attributes follow a body of body_bytes. */
const void *rtnl_find_attribute(const struct nlmsghdr *head, size_t body_bytes, uint16_t type,
				size_t min_bytes);

/* Switch the card on, or off. */
int rtnl_set_up(int index, bool up, struct err *e);

/* Give the card this address; of IPv4, as its only one: others are taken away. */
int rtnl_set_address(int index, const struct addr *address, uint8_t prefix, struct err *e);

/* Take all its IPv4 addresses away. */
int rtnl_clear_addresses(int index, struct err *e);

/* Let everything else go by the gateway, which need not lie in the card's own network. Of several
 * such routes in a table (RT_TABLE_MAIN), the one with the lowest metric counts. */
int rtnl_set_default_route(int index, const struct addr *gateway, uint32_t metric, uint8_t table,
			   struct err *e);

/* Make a VRF (Documentation/networking/vrf.rst) with a routing table of its own, and switch it on:
 * what is bound to it finds the way by that table alone, and nothing beyond it. Its index, or
 * -errno. */
int rtnl_make_vrf(const char *name, uint8_t table, struct err *e);

/* Make the card, which must not have addresses yet, part of a VRF. */
int rtnl_set_master(int index, int vrf_index, struct err *e);

#endif
