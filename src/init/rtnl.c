/* SPDX-License-Identifier: MIT */
#include "rtnl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/fd.h"
#include "lib/rtnl_request.h"

#define REPLY_BYTES 16384 /* the kernel fills messages of up to this in a dump */
#define ADDRESSES_MAX 16  /* of one card */

static void add_u32(struct rtnl_request *r, uint16_t type, uint32_t value)
{
	rtnl_request_add(r, type, &value, sizeof(value));
}

int rtnl_open(uint32_t groups, struct err *e)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK, .nl_groups = groups};
	AUTO_FD fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (groups ? SOCK_NONBLOCK : 0),
			    NETLINK_ROUTE);
	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0)
		return err_set(e, errno, "open rtnetlink");
	return fd_steal(&fd);
}

int rtnl_dump(int fd, uint16_t type, struct err *e)
{
	struct rtnl_request r;
	rtnl_request_begin(&r, type, NLM_F_DUMP, sizeof(struct ifinfomsg));
	r.body.link.ifi_family = type == RTM_GETADDR ? AF_INET : AF_UNSPEC;
	int rc = rtnl_request_send(fd, &r);
	return rc < 0 ? err_set(e, -rc, "ask rtnetlink for a list") : 0;
}

/* On a socket of its own. */
static int execute(struct rtnl_request *r)
{
	AUTO_FD fd = rtnl_open(0, NULL);
	return fd < 0 ? fd : rtnl_request_execute(fd, r);
}

const void *rtnl_find_attribute(const struct nlmsghdr *head, size_t body_bytes, uint16_t type,
				size_t min_bytes)
{
	const char *message = (const char *)head;
	size_t len = head->nlmsg_len;
	struct rtattr attribute;
	for (size_t at = NLMSG_SPACE(body_bytes); at < len && len - at >= sizeof(attribute);
	     at += RTA_ALIGN((size_t)attribute.rta_len)) {
		memcpy(&attribute, message + at, sizeof(attribute));
		if (attribute.rta_len < sizeof(attribute) || attribute.rta_len > len - at)
			return NULL;
		if (attribute.rta_type == type &&
		    attribute.rta_len - sizeof(attribute) >= min_bytes)
			return message + at + sizeof(attribute);
	}
	return NULL;
}

int rtnl_set_up(int index, struct err *e)
{
	struct rtnl_request r;
	rtnl_request_begin(&r, RTM_NEWLINK, 0, sizeof(r.body.link));
	r.body.link.ifi_index = index;
	r.body.link.ifi_flags = IFF_UP;
	r.body.link.ifi_change = IFF_UP;
	int rc = execute(&r);
	return rc < 0 ? err_set(e, -rc, "switch network card %d on", index) : 0;
}

struct address {
	uint32_t address;
	uint8_t prefix;
};

static struct address read_address(const struct nlmsghdr *head)
{
	const struct ifaddrmsg *body = NLMSG_DATA(head);
	struct address a = {.prefix = body->ifa_prefixlen};
	const void *local = rtnl_find_attribute(head, sizeof(*body), IFA_LOCAL, sizeof(a.address));
	if (local)
		memcpy(&a.address, local, sizeof(a.address));
	return a;
}

/* The card's IPv4 addresses; how many, or -errno. */
static int list_addresses(int index, struct address list[ADDRESSES_MAX])
{
	static char reply[REPLY_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	int count = 0;
	AUTO_FD fd = rtnl_open(0, NULL);
	int rc = fd < 0 ? fd : rtnl_dump(fd, RTM_GETADDR, NULL);
	if (rc < 0)
		return rc;
	for (;;) {
		ssize_t n = recv(fd, reply, sizeof(reply), 0);
		if (n < 0)
			return -errno;
		unsigned left = (unsigned)n;
		const struct nlmsghdr *head = (const struct nlmsghdr *)reply;
		for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
			const struct ifaddrmsg *body = NLMSG_DATA(head);
			if (head->nlmsg_type != RTM_NEWADDR)
				return count; /* NLMSG_DONE or NLMSG_ERROR */
			if ((int)body->ifa_index == index && count < ADDRESSES_MAX)
				list[count++] = read_address(head);
		}
	}
}

static int change_address(uint16_t type, uint16_t flags, int index, struct address a)
{
	struct rtnl_request r;
	rtnl_request_begin(&r, type, flags, sizeof(r.body.address));
	r.body.address.ifa_family = AF_INET;
	r.body.address.ifa_prefixlen = a.prefix;
	r.body.address.ifa_index = (uint32_t)index;
	add_u32(&r, IFA_LOCAL, a.address);
	add_u32(&r, IFA_ADDRESS, a.address);
	return execute(&r);
}

int rtnl_set_address(int index, uint32_t address, uint8_t prefix, struct err *e)
{
	struct address old[ADDRESSES_MAX];
	int count = list_addresses(index, old);
	for (int i = 0; i < count; i++) {
		if (old[i].address != address || old[i].prefix != prefix)
			change_address(RTM_DELADDR, 0, index, old[i]);
	}
	if (!address)
		return count < 0 ? err_set(e, -count, "list addresses") : 0;
	int rc = change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index,
				(struct address){address, prefix});
	return rc < 0 ? err_set(e, -rc, "set the address") : 0;
}

int rtnl_set_default_route(int index, uint32_t gateway, uint32_t metric, struct err *e)
{
	struct rtnl_request r;
	rtnl_request_begin(&r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(r.body.route));
	r.body.route.rtm_family = AF_INET;
	r.body.route.rtm_table = RT_TABLE_MAIN;
	r.body.route.rtm_protocol = RTPROT_BOOT;
	r.body.route.rtm_scope = RT_SCOPE_UNIVERSE;
	r.body.route.rtm_type = RTN_UNICAST;
	r.body.route.rtm_flags = RTNH_F_ONLINK;
	add_u32(&r, RTA_GATEWAY, gateway);
	add_u32(&r, RTA_OIF, (uint32_t)index);
	add_u32(&r, RTA_PRIORITY, metric);
	int rc = execute(&r);
	return rc < 0 ? err_set(e, -rc, "set the default route") : 0;
}
