/* SPDX-License-Identifier: MIT */
/* What a sandbox's kernel takes for its own address, beside those of a loopback. */
#ifndef SQUASH_SQUASHD_NETWORK_EGRESS_ROUTE_H
#define SQUASH_SQUASHD_NETWORK_EGRESS_ROUTE_H

#include <stdbool.h>

#include "lib/addr.h"
#include "lib/err.h"

/* rtnl_fd is a socket of AF_NETLINK, NETLINK_ROUTE, in the sandbox's network. Each 0, also if it is
 * as it should be already, or -errno with e filled. */

/* The resolver's address and with it the network that it is in (lib/egress_fds.h): there or not. */
int egress_route_set_resolver(int rtnl_fd, bool there, struct err *e);

/* A network, or an address as one, that is to be reached: local or not. */
int egress_route_set(int rtnl_fd, const struct addr_net *net, bool local, struct err *e);

#endif
