/* SPDX-License-Identifier: MIT */
/* Follows the kernel's network cards and gets them addresses. */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console.h"
#include "lease.h"
#include "lib/clock.h"
#include "lib/paths.h"
#include "paths.h"
#include "rtnl.h"

#define REPLY_BYTES 16384
#define REMARK_MS 10000 /* links take 3 s, DHCP servers behind careful switches a few more */

static struct network_card *find_card(struct network *n, int index)
{
	for (size_t i = 0; i < NETWORK_CARDS_MAX; i++) {
		if (n->cards[i].index == index)
			return &n->cards[i];
	}
	return NULL;
}

/* A new card, switched on. NULL: it is none for us. */
static struct network_card *add_card(struct network *n, int index, const char *name)
{
	char device[64];
	struct err e = {0};
	/* Only hardware has a device behind it; bridges, tunnels and the like have none. */
	snprintf(device, sizeof(device), "/sys/class/net/%s/device", name);
	if (access(device, F_OK) < 0)
		return NULL;
	struct network_card *card = find_card(n, 0);
	if (!card) {
		console_say("Too many network cards: %s is not used.", name);
		return NULL;
	}
	*card = (struct network_card){.index = index};
	snprintf(card->name, sizeof(card->name), "%s", name);
	if (rtnl_set_up(index, &e) < 0)
		console_say("%s.", e.text);
	return card;
}

static void give_fixed_address(struct network *n, const struct network_card *card)
{
	const struct settings_ip *ip = &n->settings->ip;
	struct err e = {0};
	struct lease lease = {
		.index = card->index,
		.prefix = ip->prefix,
		.address = ip->address,
		.gateway = ip->gateway,
		.dns = {ip->dns[0] ? ip->dns[0] : ip->dns[1], ip->dns[0] ? ip->dns[1] : 0},
	};
	n->fixed_index = card->index;
	if (lease_apply(&lease, &e) < 0)
		console_say("%s: %s.", card->name, e.text);
}

/* The cable is in: get an address, once the settings are known. */
static void use_card(struct network *n, struct network_card *card)
{
	if (!n->settings || !card->has_link)
		return;
	if (n->settings->ip.dhcp && !card->asks) {
		card->asks = true;
		services_add(n->services, SERVICE_DHCP, card->name);
	} else if (n->settings->ip.dhcp) {
		services_renew(n->services, card->name); /* perhaps in another network now */
	} else if (!n->fixed_index) {
		give_fixed_address(n, card);
	}
}

static void drop_card(struct network *n, struct network_card *card)
{
	if (n->services)
		services_drop(n->services, card->name);
	if (n->fixed_index == card->index)
		n->fixed_index = 0;
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
		card = add_card(n, body->ifi_index, name);
	if (!card)
		return;
	bool has_link = (body->ifi_flags & IFF_RUNNING) != 0;
	bool came = has_link && !card->has_link;
	card->has_link = has_link;
	if (came)
		use_card(n, card);
}

static void take_address(struct network *n, const struct nlmsghdr *head)
{
	char text[INET_ADDRSTRLEN];
	uint32_t address = 0;
	const struct ifaddrmsg *body = NLMSG_DATA(head);
	const void *local = rtnl_find_attribute(head, sizeof(*body), IFA_LOCAL, sizeof(address));
	struct network_card *card = find_card(n, (int)body->ifa_index);
	if (!card || !local || body->ifa_family != AF_INET)
		return;
	memcpy(&address, local, sizeof(address));
	if (head->nlmsg_type == RTM_DELADDR) {
		if (card->address == address)
			card->address = 0;
	} else if (card->address != address) { /* else: told again, as at each renewal */
		card->address = address;
		inet_ntop(AF_INET, &address, text, sizeof(text));
		console_say("API: https://%s:%u/ (%s)", text, n->settings->tls_port, card->name);
		if (n->settings->http)
			console_say("API: http://%s:%u/ (%s)", text, n->settings->port, card->name);
		services_restart_ntp(n->services);
	}
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
	n->event_fd = rtnl_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR, e);
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
	n->remark_ms = clock_mono_ms() + REMARK_MS;
	if (symlink(PATH_INIT, PATH_LEASE) < 0 && errno != EEXIST)
		console_say("DHCP will not work: make %s: %s.", PATH_LEASE, strerror(errno));
	for (size_t i = 0; i < NETWORK_CARDS_MAX; i++) {
		if (n->cards[i].index)
			use_card(n, &n->cards[i]);
	}
}

bool network_has_card(const struct network *n)
{
	for (size_t i = 0; i < NETWORK_CARDS_MAX; i++) {
		if (n->cards[i].index)
			return true;
	}
	return false;
}

int network_remark(struct network *n)
{
	unsigned cards = 0;
	unsigned links = 0;
	unsigned addresses = 0;
	uint64_t now = clock_mono_ms();
	if (!n->remark_ms)
		return -1;
	if (now < n->remark_ms)
		return (int)(n->remark_ms - now);
	n->remark_ms = 0;
	for (size_t i = 0; i < NETWORK_CARDS_MAX; i++) {
		cards += n->cards[i].index != 0;
		links += n->cards[i].has_link;
		addresses += n->cards[i].address != 0;
	}
	if (cards && !links)
		console_say("No network card has a link: is the cable in?");
	else if (links && !addresses && n->settings->ip.dhcp)
		console_say("No DHCP server has answered: still asking. "
			    "SQUASH_IP=address/prefix,gateway,dns sets a fixed address.");
	return -1;
}

int network_start_loopback(struct err *e)
{
	return rtnl_set_up((int)if_nametoindex("lo"), e);
}
