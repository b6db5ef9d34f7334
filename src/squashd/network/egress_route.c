/* SPDX-License-Identifier: MIT */
/* On a loopback the whole network of an address is local (net/ipv4/fib_frontend.c,
 * fib_add_ifaddr); routes of type local do the same for others. */
#include "egress_route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include "lib/egress_fds.h"
#include "lib/rtnl_request.h"

#define LOOPBACK 1    /* the index of lo, the first interface of each network namespace */
#define METRIC 1000   /* tells our routes from the kernel's own of the same network */
#define NET_PREFIX 15 /* of EGRESS_NET_MASK */

int egress_route_set_resolver(int rtnl_fd, bool there, struct err *e)
{
	struct rtnl_request r;
	uint32_t resolver = htonl(EGRESS_RESOLVER);
	rtnl_request_begin(&r, there ? RTM_NEWADDR : RTM_DELADDR,
			   there ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof(r.body.address));
	r.body.address.ifa_family = AF_INET;
	r.body.address.ifa_prefixlen = NET_PREFIX;
	r.body.address.ifa_scope = RT_SCOPE_HOST;
	r.body.address.ifa_index = LOOPBACK;
	rtnl_request_add(&r, IFA_LOCAL, &resolver, sizeof(resolver));
	int rc = rtnl_request_execute(rtnl_fd, &r);
	if (rc < 0 && rc != (there ? -EEXIST : -EADDRNOTAVAIL))
		return err_set(e, -rc, "set the resolver's address");
	return 0;
}

int egress_route_set(int rtnl_fd, const struct addr_net *net, bool local, struct err *e)
{
	char text[ADDR_TEXT_BYTES];
	struct rtnl_request r;
	uint32_t metric = METRIC, loopback = LOOPBACK;
	rtnl_request_begin(&r, local ? RTM_NEWROUTE : RTM_DELROUTE,
			   local ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof(r.body.route));
	r.body.route.rtm_family = net->addr.family == 4 ? AF_INET : AF_INET6;
	r.body.route.rtm_dst_len = net->prefix;
	r.body.route.rtm_table = RT_TABLE_LOCAL;
	r.body.route.rtm_protocol = RTPROT_STATIC;
	r.body.route.rtm_scope = RT_SCOPE_HOST;
	r.body.route.rtm_type = RTN_LOCAL;
	rtnl_request_add(&r, RTA_DST, net->addr.bytes, net->addr.family == 4 ? 4 : 16);
	rtnl_request_add(&r, RTA_OIF, &loopback, sizeof(loopback));
	rtnl_request_add(&r, RTA_PRIORITY, &metric, sizeof(metric));
	int rc = rtnl_request_execute(rtnl_fd, &r);
	if (rc == -EOPNOTSUPP && net->addr.family == 6)
		return 0; /* the kernel has no IPv6: nothing is reached by it anyway */
	if (rc < 0 && rc != (local ? -EEXIST : -ESRCH))
		return err_set(e, -rc, "make %s/%u %s", addr_text(&net->addr, text), net->prefix,
			       local ? "local" : "strange");
	return 0;
}
