/* SPDX-License-Identifier: MIT */
/* Follows the kernel's network cards and gets them addresses. */
#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init/boot/console.h"
#include "init/paths.h"
#include "init/service/services.h"
#include "lease.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "network_address.h"
#include "rdnss.h"
#include "resolv.h"
#include "rtnl.h"

#define REPLY_BYTES 16384
#define GROUP_BIT(group) (UINT32_C(1) << ((group)-1))

static struct network_card *find_card(struct network *n, int index)
{
	for (size_t i = 0; i < NETWORK_CARDS_MAX; i++) {
		if (n->cards[i].index == index)
			return &n->cards[i];
	}
	return NULL;
}

bool network_is_called(const struct network_card *card, const char *wanted)
{
	return strcmp(card->name, wanted) == 0 || strcmp(card->mac, wanted) == 0;
}

static enum network_role find_role(const struct network *n, const struct network_card *card)
{
	const struct settings *s = n->settings;
	if (!s)
		return NETWORK_UNKNOWN;
	/* One that both name is the management's: the sandboxes have none then. */
	if (s->iface[0] && network_is_called(card, s->iface))
		return NETWORK_MANAGEMENT;
	if (s->egress_iface[0] && network_is_called(card, s->egress_iface))
		return n->vrf_index ? NETWORK_EGRESS : NETWORK_UNUSED;
	return s->iface[0] ? NETWORK_UNUSED : NETWORK_MANAGEMENT;
}

static const struct settings_ip *ip_of(const struct network *n, const struct network_card *card)
{
	return card->role == NETWORK_EGRESS ? &n->settings->egress_ip : &n->settings->ip;
}

/* Documentation/networking/ip-sysctl.rst. Without IPv6 there is no such file. */
static void set_ipv6(const struct network_card *card, const char *name, bool on)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", card->name, name);
	fd_write_file(AT_FDCWD, path, on ? "1" : "0", NULL);
}

/* What routers announce doesn't count, nor what they have announced while the settings weren't
 * known: the card was on by then. */
static void ignore_routers(const struct network_card *card)
{
	set_ipv6(card, "disable_ipv6", true);
	set_ipv6(card, "accept_ra", false);
	set_ipv6(card, "autoconf", false);
	set_ipv6(card, "disable_ipv6", false);
}

/* What it has been told is not so any more. */
static void forget_servers(const struct network_card *card, enum resolv_source first)
{
	struct err e;
	bool is_egress = card->role == NETWORK_EGRESS;
	for (enum resolv_source s = first; s <= RESOLV_ROUTER; s++)
		if (resolv_put(card->index, is_egress, s, NULL, 0, &e) < 0)
			console_say("%s: %s.", card->name, e.text);
}

/* What routers have announced, addresses and routes, is not so any more. */
static void forget_routers(struct network_card *card)
{
	card->rdnss = (struct rdnss){.until_ms = {0}};
	set_ipv6(card, "disable_ipv6", true);
	set_ipv6(card, "disable_ipv6", false);
	forget_servers(card, RESOLV_ROUTER);
}

/* Before the card has an address, and before it is switched on if it has come late. */
static void take_role(struct network *n, struct network_card *card)
{
	struct err e = {0};
	int rc = 0;
	card->role = find_role(n, card);
	if (card->role == NETWORK_EGRESS)
		rc = rtnl_set_master(card->index, n->vrf_index, &e);
	if (rc == 0 && card->role > NETWORK_UNUSED && ip_of(n, card)->v6.address.family)
		ignore_routers(card);
	/* In no VRF, or in another than it should: rather not at all. */
	if (rc < 0)
		card->role = NETWORK_UNUSED;
	if (rc == 0)
		rc = rtnl_set_up(card->index, card->role != NETWORK_UNUSED, &e);
	if (rc < 0)
		console_say("%s: %s.", card->name, e.text);
}

static void read_mac(const struct nlmsghdr *head, char mac[NETWORK_MAC_BYTES])
{
	const uint8_t *b = rtnl_find_attribute(head, sizeof(struct ifinfomsg), IFLA_ADDRESS, 6);
	if (b)
		snprintf(mac, NETWORK_MAC_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2],
			 b[3], b[4], b[5]);
}

/* A new card, switched on if it is to be used. NULL: it is none for us. */
static struct network_card *add_card(struct network *n, const struct nlmsghdr *head,
				     const char *name)
{
	char device[64];
	const struct ifinfomsg *body = NLMSG_DATA(head);
	/* Only hardware has a device behind it; bridges, tunnels and the like have none. */
	snprintf(device, sizeof(device), "/sys/class/net/%s/device", name);
	if (access(device, F_OK) < 0)
		return NULL;
	struct network_card *card = find_card(n, 0);
	if (!card) {
		console_say("Too many network cards: %s is not used.", name);
		return NULL;
	}
	*card = (struct network_card){.index = body->ifi_index};
	snprintf(card->name, sizeof(card->name), "%s", name);
	read_mac(head, card->mac);
	take_role(n, card);
	return card;
}

static void give_fixed_address(const struct network_card *card, const struct settings_fixed *fixed,
			       enum resolv_source source)
{
	struct err e = {0};
	struct lease lease = {
		.index = card->index,
		.is_egress = card->role == NETWORK_EGRESS,
		.prefix = fixed->prefix,
		.address = fixed->address,
		.gateway = fixed->gateway,
		.dns = {fixed->dns[0], fixed->dns[1]},
	};
	_Static_assert(SETTINGS_DNS_MAX == 2, "they are named one by one");
	if (lease_apply(&lease, source, &e) < 0)
		console_say("%s: %s.", card->name, e.text);
}

/* Of the cards of the management, one gets it; that of the sandboxes is one alone. */
static void give_fixed(const struct network_card *card, const struct settings_fixed *fixed,
		       enum resolv_source source, int *taken)
{
	if (!fixed->address.family || (card->role == NETWORK_MANAGEMENT && *taken))
		return;
	if (card->role == NETWORK_MANAGEMENT)
		*taken = card->index;
	give_fixed_address(card, fixed, source);
}

/* The cable is in: get an address, once the settings are known. */
static void use_card(struct network *n, struct network_card *card)
{
	if (card->role <= NETWORK_UNUSED || !card->has_link)
		return;
	const struct settings_ip *ip = ip_of(n, card);
	if (ip->dhcp && !card->asks) {
		card->asks = true;
		services_add(n->services,
			     card->role == NETWORK_EGRESS ? SERVICE_DHCP_EGRESS : SERVICE_DHCP,
			     card->name);
	} else if (ip->dhcp) {
		services_renew(n->services, card->name); /* perhaps in another network now */
	}
	give_fixed(card, &ip->v4, RESOLV_FIXED, &n->fixed_index);
	give_fixed(card, &ip->v6, RESOLV_FIXED6, &n->fixed_index6);
}

static void drop_card(struct network *n, struct network_card *card)
{
	if (n->services)
		services_drop(n->services, card->name);
	if (card->role > NETWORK_UNUSED)
		forget_servers(card, RESOLV_FIXED);
	if (n->fixed_index == card->index)
		n->fixed_index = 0;
	if (n->fixed_index6 == card->index)
		n->fixed_index6 = 0;
	console_say("Network card %s is gone.", card->name);
	*card = (struct network_card){0};
}

static void take_link(struct network *n, const struct nlmsghdr *head)
{
	const struct ifinfomsg *body = NLMSG_DATA(head);
	const char *name = rtnl_find_attribute(head, sizeof(*body), IFLA_IFNAME, 1);
	struct network_card *card = find_card(n, body->ifi_index);
	if (body->ifi_index <= 0)
		return;
	if (head->nlmsg_type == RTM_DELLINK) {
		if (card)
			drop_card(n, card);
		return;
	}
	if (!card && name && body->ifi_type == ARPHRD_ETHER)
		card = add_card(n, head, name);
	if (!card)
		return;
	bool has_link = (body->ifi_flags & IFF_RUNNING) != 0;
	bool came = has_link && !card->has_link;
	bool went = !has_link && card->has_link;
	card->has_link = has_link;
	if (came)
		use_card(n, card);
	else if (went && card->role > NETWORK_UNUSED && !ip_of(n, card)->v6.address.family)
		forget_routers(card); /* a fixed address would go with it, and stays instead */
}

/* It is new, and clients can use it: of IPv6, that takes a second, in which the network is asked
 * whether somebody else has it. */
static void say_address(struct network *n, const struct network_card *card, const struct addr *a)
{
	char text[ADDR_TEXT_BYTES];
	const char *open = a->family == 6 ? "[" : "", *close = a->family == 6 ? "]" : "";
	addr_text(a, text);
	if (card->role == NETWORK_EGRESS) {
		console_say("Sandboxes: %s (%s)", text, card->name);
		return;
	}
	console_say("API: https://%s%s%s:%u/ (%s)", open, text, close, n->settings->tls_port,
		    card->name);
	if (n->settings->http)
		console_say("API: http://%s%s%s:%u/ (%s)", open, text, close, n->settings->port,
			    card->name);
	services_restart_ntp(n->services);
}

static void take_address(struct network *n, const struct nlmsghdr *head)
{
	struct addr a;
	const struct ifaddrmsg *body = NLMSG_DATA(head);
	struct network_card *card = find_card(n, (int)body->ifa_index);
	if (!card || card->role <= NETWORK_UNUSED || !network_address_read(head, &a))
		return;
	struct addr *known = network_address_find(card, &a);
	if (!known)
		return;
	bool same = addr_equal(known, &a);
	if (head->nlmsg_type == RTM_DELADDR) {
		if (same)
			*known = (struct addr){0};
	} else if (!same &&
		   network_address_is_ready(head)) { /* else: told again, as at each renewal */
		*known = a;
		say_address(n, card, &a);
	}
}

/* rtnetlink(7) doesn't have it: struct nduseroptmsg, then the options of Neighbor Discovery. */
static void take_advertisement(struct network *n, const struct nlmsghdr *head)
{
	struct err e;
	const struct nduseroptmsg *body = NLMSG_DATA(head);
	size_t room = head->nlmsg_len - NLMSG_LENGTH(0);
	if (room < sizeof(*body) || body->nduseropt_opts_len > room - sizeof(*body))
		return;
	struct network_card *card = find_card(n, body->nduseropt_ifindex);
	if (!card || card->role <= NETWORK_UNUSED || ip_of(n, card)->v6.address.family)
		return;
	if (rdnss_take(&card->rdnss, (const uint8_t *)(body + 1), body->nduseropt_opts_len,
		       clock_mono_ms()) &&
	    resolv_put(card->index, card->role == NETWORK_EGRESS, RESOLV_ROUTER,
		       card->rdnss.servers, RDNSS_MAX, &e) < 0)
		console_say("%s: %s.", card->name, e.text);
}

static void take_messages(struct network *n, const char *messages, size_t len)
{
	unsigned left = (unsigned)len;
	const struct nlmsghdr *head = (const void *)messages;
	for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
		if (head->nlmsg_type == RTM_NEWLINK || head->nlmsg_type == RTM_DELLINK)
			take_link(n, head);
		else if (n->settings &&
			 (head->nlmsg_type == RTM_NEWADDR || head->nlmsg_type == RTM_DELADDR))
			take_address(n, head);
		else if (n->settings && head->nlmsg_type == RTM_NEWNDUSEROPT)
			take_advertisement(n, head);
	}
}

void network_read_events(struct network *n)
{
	static char messages[REPLY_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	for (;;) {
		ssize_t len = recv(n->event_fd, messages, sizeof(messages), 0);
		if (len > 0) {
			take_messages(n, messages, (size_t)len);
		} else if (len < 0 && errno == ENOBUFS) {
			/* Some were lost: have the state itself told. */
			rtnl_dump(n->event_fd, RTM_GETLINK, NULL);
		} else if (len == 0 || errno != EINTR) {
			return;
		}
	}
}

int network_start(struct network *n, struct err *e)
{
	n->event_fd = rtnl_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
					GROUP_BIT(RTNLGRP_ND_USEROPT),
				e);
	if (n->event_fd < 0)
		return n->event_fd;
	int rc = rtnl_dump(n->event_fd, RTM_GETLINK, e);
	if (rc == 0)
		network_read_events(n);
	return rc;
}

void network_configure(struct network *n, const struct settings *settings,
		       struct services *services)
{
	network_read_events(n);
	n->settings = settings;
	n->services = services;
	n->remark_ms = clock_mono_ms() + NETWORK_REMARK_MS;
	if (symlink(PATH_INIT, PATH_LEASE) < 0 && errno != EEXIST)
		console_say("DHCP will not work: make %s: %s.", PATH_LEASE, strerror(errno));
	for (size_t i = 0; i < NETWORK_CARDS_MAX; i++) {
		struct network_card *card = &n->cards[i];
		if (!card->index)
			continue;
		take_role(n, card);
		use_card(n, card);
	}
	/* What was there before we looked at addresses: a router may have been quick. */
	rtnl_dump(n->event_fd, RTM_GETADDR, NULL);
}

int network_make_egress(struct network *n, const struct settings *settings, struct modules *m,
			struct err *e)
{
	if (!settings->egress_iface[0])
		return 0;
	int rc = resolv_begin_egress(e);
	modules_want(m, "vrf");
	modules_load_all(m);
	if (rc == 0)
		rc = n->vrf_index = rtnl_make_vrf(EGRESS_VRF, LEASE_EGRESS_TABLE, e);
	if (n->vrf_index < 0)
		n->vrf_index = 0;
	return rc < 0 ? rc : 0;
}

bool network_has_card(const struct network *n)
{
	for (size_t i = 0; i < NETWORK_CARDS_MAX; i++) {
		if (n->cards[i].index)
			return true;
	}
	return false;
}

int network_start_loopback(struct err *e)
{
	return rtnl_set_up((int)if_nametoindex("lo"), true, e);
}
