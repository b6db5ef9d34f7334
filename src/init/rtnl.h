/* SPDX-License-Identifier: MIT */
/* The few requests to the kernel's routing (rtnetlink(7)) that setting up a network card takes.
 * Addresses are IPv4, in network byte order. All return 0, or -errno with e filled. */
#ifndef SQUASH_INIT_RTNL_H
#define SQUASH_INIT_RTNL_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/* A socket that hears of links and addresses (groups: RTMGRP_ bits; 0 for none), non-blocking if
 * there are groups. Returned; the caller closes it. */
int rtnl_open(uint32_t groups, struct err *e);

/* Ask for all links, or all IPv4 addresses, to be told on fd (RTM_GETLINK, RTM_GETADDR). */
int rtnl_dump(int fd, uint16_t type, struct err *e);

/* The payload of the message's attribute of this type, if it has at least min_bytes, or NULL. The
 * attributes follow a body of body_bytes. */
const void *rtnl_find_attribute(const struct nlmsghdr *head, size_t body_bytes, uint16_t type,
				size_t min_bytes);

/* Switch the card on. */
int rtnl_set_up(int index, struct err *e);

/* Give the card this address as its only one; other IPv4 addresses of it are taken away. With
 * address 0, all are. */
int rtnl_set_address(int index, uint32_t address, uint8_t prefix, struct err *e);

/* Let everything else go by the gateway, which need not lie in the card's own network. Of several
 * such routes, the one with the lowest metric counts. */
int rtnl_set_default_route(int index, uint32_t gateway, uint32_t metric, struct err *e);

#endif
