/* SPDX-License-Identifier: MIT */
/* rtnetlink(7): each request is acknowledged. On a loopback the whole network of an address is
 * local (net/ipv4/fib_frontend.c, fib_add_ifaddr); routes of type local do the same for others. */
#include "egress_route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/egress_fds.h"

#define LOOPBACK 1    /* the index of lo, the first interface of each network namespace */
#define METRIC 1000   /* tells our routes from the kernel's own of the same network */
#define NET_PREFIX 15 /* of EGRESS_NET_MASK */

/* One request: head, family's own head, attributes. */
struct request {
	struct nlmsghdr head;
	union {
		struct ifaddrmsg address;
		struct rtmsg route;
	} body;
	char room[64]; /* three attributes */
};

static void begin(struct request *r, uint16_t type, uint16_t flags, size_t body_bytes)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_type = type;
	r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	r->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(body_bytes);
}

static void add(struct request *r, uint16_t type, const void *value, size_t len)
{
	struct rtattr attribute = {.rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(len)};
	char *end = (char *)r + NLMSG_ALIGN(r->head.nlmsg_len);
	memcpy(end, &attribute, sizeof(attribute));
	memcpy(end + RTA_LENGTH(0), value, len);
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + attribute.rta_len;
}

static int execute(int rtnl_fd, const struct request *r)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr result;
		char rest[512]; /* the request again, and what the kernel adds */
	} reply;
	if (send(rtnl_fd, r, r->head.nlmsg_len, 0) < 0)
		return -errno;
	ssize_t n = recv(rtnl_fd, &reply, sizeof(reply), 0);
	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof(reply.head) + sizeof(reply.result) ||
	    reply.head.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return reply.result.error;
}

int egress_route_set_resolver(int rtnl_fd, bool there, struct err *e)
{
	struct request r;
	uint32_t resolver = htonl(EGRESS_RESOLVER);
	begin(&r, there ? RTM_NEWADDR : RTM_DELADDR, there ? NLM_F_CREATE | NLM_F_EXCL : 0,
	      sizeof(r.body.address));
	r.body.address.ifa_family = AF_INET;
	r.body.address.ifa_prefixlen = NET_PREFIX;
	r.body.address.ifa_scope = RT_SCOPE_HOST;
	r.body.address.ifa_index = LOOPBACK;
	add(&r, IFA_LOCAL, &resolver, sizeof(resolver));
	int rc = execute(rtnl_fd, &r);
	if (rc < 0 && rc != (there ? -EEXIST : -EADDRNOTAVAIL))
		return err_set(e, -rc, "set the resolver's address");
	return 0;
}

int egress_route_set(int rtnl_fd, const struct addr_net *net, bool local, struct err *e)
{
	char text[ADDR_TEXT_BYTES];
	struct request r;
	uint32_t metric = METRIC, loopback = LOOPBACK;
	begin(&r, local ? RTM_NEWROUTE : RTM_DELROUTE, local ? NLM_F_CREATE | NLM_F_EXCL : 0,
	      sizeof(r.body.route));
	r.body.route.rtm_family = net->addr.family == 4 ? AF_INET : AF_INET6;
	r.body.route.rtm_dst_len = net->prefix;
	r.body.route.rtm_table = RT_TABLE_LOCAL;
	r.body.route.rtm_protocol = RTPROT_STATIC;
	r.body.route.rtm_scope = RT_SCOPE_HOST;
	r.body.route.rtm_type = RTN_LOCAL;
	add(&r, RTA_DST, net->addr.bytes, net->addr.family == 4 ? 4 : 16);
	add(&r, RTA_OIF, &loopback, sizeof(loopback));
	add(&r, RTA_PRIORITY, &metric, sizeof(metric));
	int rc = execute(rtnl_fd, &r);
	if (rc == -EOPNOTSUPP && net->addr.family == 6)
		return 0; /* the kernel has no IPv6: nothing is reached by it anyway */
	if (rc < 0 && rc != (local ? -EEXIST : -ESRCH))
		return err_set(e, -rc, "make %s/%u %s", addr_text(&net->addr, text), net->prefix,
			       local ? "local" : "strange");
	return 0;
}
