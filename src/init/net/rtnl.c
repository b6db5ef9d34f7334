/* SPDX-License-Identifier: MIT */
#include "rtnl.h"

#include <errno.h>
#include <linux/if_link.h>
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

int rtnl_set_up(int index, bool up, struct err *e)
{
	struct rtnl_request r;
	rtnl_request_begin(&r, RTM_NEWLINK, 0, sizeof(r.body.link));
	r.body.link.ifi_index = index;
	r.body.link.ifi_flags = up ? IFF_UP : 0;
	r.body.link.ifi_change = IFF_UP;
	int rc = execute(&r);
	return rc < 0 ? err_set(e, -rc, "switch network card %d %s", index, up ? "on" : "off") : 0;
}

struct address {
	struct addr address;
	uint8_t prefix;
};

static size_t addr_bytes(const struct addr *a)
{
	return a->family == 4 ? 4 : 16;
}

static uint8_t family_of(const struct addr *a)
{
	return a->family == 4 ? AF_INET : AF_INET6;
}

static struct address read_address(const struct nlmsghdr *head)
{
	const struct ifaddrmsg *body = NLMSG_DATA(head);
	struct address a = {.address.family = 4, .prefix = body->ifa_prefixlen};
	const void *local = rtnl_find_attribute(head, sizeof(*body), IFA_LOCAL, 4);
	if (local)
		memcpy(a.address.bytes, local, 4);
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
			if ((int)body->ifa_index == index && body->ifa_family == AF_INET &&
			    count < ADDRESSES_MAX)
				list[count++] = read_address(head);
		}
	}
}

static int change_address(uint16_t type, uint16_t flags, int index, const struct address *a)
{
	struct rtnl_request r;
	size_t len = addr_bytes(&a->address);
	rtnl_request_begin(&r, type, flags, sizeof(r.body.address));
	r.body.address.ifa_family = family_of(&a->address);
	r.body.address.ifa_prefixlen = a->prefix;
	r.body.address.ifa_index = (uint32_t)index;
	rtnl_request_add(&r, IFA_LOCAL, a->address.bytes, len);
	rtnl_request_add(&r, IFA_ADDRESS, a->address.bytes, len);
	return execute(&r);
}

/* All of IPv4 but one (or NULL). */
static int clear_but(int index, const struct address *kept)
{
	struct address old[ADDRESSES_MAX];
	int count = list_addresses(index, old);
	for (int i = 0; i < count; i++) {
		if (!kept || old[i].prefix != kept->prefix ||
		    !addr_equal(&old[i].address, &kept->address))
			change_address(RTM_DELADDR, 0, index, &old[i]);
	}
	return count < 0 ? count : 0;
}

int rtnl_clear_addresses(int index, struct err *e)
{
	int rc = clear_but(index, NULL);
	return rc < 0 ? err_set(e, -rc, "list addresses") : 0;
}

int rtnl_set_address(int index, const struct addr *address, uint8_t prefix, struct err *e)
{
	const struct address a = {*address, prefix};
	if (address->family == 4)
		clear_but(index, &a);
	int rc = change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, &a);
	return rc < 0 ? err_set(e, -rc, "set the address") : 0;
}

static void begin_route(struct rtnl_request *r, uint8_t family, uint8_t type, uint8_t table)
{
	rtnl_request_begin(r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(r->body.route));
	r->body.route.rtm_family = family;
	r->body.route.rtm_table = table;
	r->body.route.rtm_protocol = RTPROT_BOOT;
	r->body.route.rtm_scope = RT_SCOPE_UNIVERSE;
	r->body.route.rtm_type = type;
}

int rtnl_set_default_route(int index, const struct addr *gateway, uint32_t metric, uint8_t table,
			   struct err *e)
{
	struct rtnl_request r;
	begin_route(&r, family_of(gateway), RTN_UNICAST, table);
	r.body.route.rtm_flags = RTNH_F_ONLINK;
	rtnl_request_add(&r, RTA_GATEWAY, gateway->bytes, addr_bytes(gateway));
	add_u32(&r, RTA_OIF, (uint32_t)index);
	add_u32(&r, RTA_PRIORITY, metric);
	int rc = execute(&r);
	return rc < 0 ? err_set(e, -rc, "set the default route") : 0;
}

/* Behind all other routes of the table; without it the search would go on in the main one. */
static int end_table(uint8_t family, uint8_t table)
{
	struct rtnl_request r;
	begin_route(&r, family, RTN_UNREACHABLE, table);
	add_u32(&r, RTA_PRIORITY, UINT32_MAX);
	int rc = execute(&r);
	return family == AF_INET6 && rc == -EAFNOSUPPORT ? 0 : rc; /* ipv6.disable=1 */
}

/* IFLA_LINKINFO with its attributes: the kind, and IFLA_INFO_DATA with IFLA_VRF_TABLE. */
static int add_vrf(const char *name, uint8_t table)
{
	const struct {
		struct rtattr kind;
		char kind_text[4];
		struct rtattr data;
		struct rtattr table;
		uint32_t number;
	} info = {
		.kind = {RTA_LENGTH(4), IFLA_INFO_KIND},
		.kind_text = "vrf",
		.data = {RTA_LENGTH(RTA_LENGTH(4)), IFLA_INFO_DATA},
		.table = {RTA_LENGTH(4), IFLA_VRF_TABLE},
		.number = table,
	};
	struct rtnl_request r;
	rtnl_request_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(r.body.link));
	rtnl_request_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	rtnl_request_add(&r, IFLA_LINKINFO, &info, sizeof(info));
	return execute(&r);
}

int rtnl_make_vrf(const char *name, uint8_t table, struct err *e)
{
	int rc = add_vrf(name, table);
	int index = (int)if_nametoindex(name);
	if (rc == 0)
		rc = end_table(AF_INET, table);
	if (rc == 0)
		rc = end_table(AF_INET6, table);
	if (rc < 0)
		return err_set(e, -rc, "make the VRF %s", name);
	rc = rtnl_set_up(index, true, e);
	return rc < 0 ? rc : index;
}

int rtnl_set_master(int index, int vrf_index, struct err *e)
{
	struct rtnl_request r;
	rtnl_request_begin(&r, RTM_NEWLINK, 0, sizeof(r.body.link));
	r.body.link.ifi_index = index;
	add_u32(&r, IFLA_MASTER, (uint32_t)vrf_index);
	int rc = execute(&r);
	return rc < 0 ? err_set(e, -rc, "give network card %d to a VRF", index) : 0;
}
