/* SPDX-License-Identifier: MIT */
/* A sandbox's network, as far as it leads out: addresses that its kernel takes for its own, and
 * sockets of ours in there that what is sent to them comes to. */
#ifndef SQUASH_SQUASHD_NETWORK_EGRESS_NET_H
#define SQUASH_SQUASHD_NETWORK_EGRESS_NET_H

#include "egress_list.h"
#include "lib/err.h"

/* Sockets in the network of one sandbox; -1: not there. */
struct egress_net {
	int rtnl_fd;
	int dns_udp_fd, dns_tcp_fd;
	int relay_fd;
	int relay6_fd; /* -1 also if the kernel has no IPv6 */
	int link_fd;   /* of the program of egress_bpf.h */
};

/* Open rtnl_fd in the network of the process that pidfd is, and no other socket. 0 or -errno. The
 * caller closes what there is by egress_net_close, after a failure too; so also below. If the way
 * back from that network fails, the process ends. */
int egress_net_enter(int pidfd, struct egress_net *n, struct err *e);

/* Open all, those of lib/egress_fds.h bound and listening, set the resolver's address, and attach
 * the program. 0 or -errno. */
int egress_net_make(int pidfd, struct egress_net *n, struct err *e);

/* Have what the list names as an address or a network be local, and not what a list before has
 * named beside that. 0 or -errno: some of it may be done. */
int egress_net_route(const struct egress_net *n, const struct egress_list *before,
		     const struct egress_list *list, struct err *e);

/* Take the resolver's address away, and those that names stand for. 0 or -errno. */
int egress_net_unset(const struct egress_net *n, struct err *e);

void egress_net_close(struct egress_net *n);

#endif
