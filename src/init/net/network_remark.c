/* SPDX-License-Identifier: MIT */
/* What is still missing a while after the boot. */
#include <string.h>

#include "init/boot/console.h"
#include "lib/clock.h"
#include "network.h"

/* Say that no card is called as a setting has it. */
static void remark_missing(const struct network *n, const char *setting, const char *wanted)
{
	for (size_t i = 0; i < NETWORK_CARDS_MAX; i++)
		if (n->cards[i].index && network_is_called(&n->cards[i], wanted))
			return;
	console_say("%s=%s: there is no such network card.", setting, wanted);
}

static bool has_address(const struct network_card *card)
{
	bool has = card->address.family != 0;
	for (size_t i = 0; i < NETWORK_ADDRS6_MAX; i++)
		has = has || card->addresses6[i].family;
	return has;
}

static void remark_management(const struct network *n)
{
	unsigned cards = 0;
	unsigned links = 0;
	unsigned addresses = 0;
	for (size_t i = 0; i < NETWORK_CARDS_MAX; i++) {
		const struct network_card *card = &n->cards[i];
		if (card->role != NETWORK_MANAGEMENT)
			continue;
		cards += card->index != 0;
		links += card->has_link;
		addresses += has_address(card);
	}
	if (cards && !links)
		console_say("No network card has a link: is the cable in?");
	else if (links && !addresses && n->settings->ip.dhcp)
		console_say("No DHCP server has answered: still asking. "
			    "SQUASH_IP=address/prefix,gateway,dns sets a fixed address.");
}

static void remark_egress(const struct network *n)
{
	const char *wanted = n->settings->egress_iface;
	if (strcmp(wanted, n->settings->iface) == 0) {
		console_say("SQUASH_EGRESS_IFACE is SQUASH_IFACE: sandboxes reach nothing.");
		return;
	}
	remark_missing(n, "SQUASH_EGRESS_IFACE", wanted);
	for (size_t i = 0; i < NETWORK_CARDS_MAX; i++) {
		const struct network_card *card = &n->cards[i];
		if (card->role == NETWORK_EGRESS && !has_address(card))
			console_say("The sandboxes' network card (%s) has no %s: they reach "
				    "nothing.",
				    card->name, card->has_link ? "address" : "link");
	}
}

int network_remark(struct network *n)
{
	int left_ms = clock_take_due(&n->remark_ms);
	if (left_ms != 0)
		return left_ms;
	if (n->settings->iface[0])
		remark_missing(n, "SQUASH_IFACE", n->settings->iface);
	remark_management(n);
	if (n->settings->egress_iface[0])
		remark_egress(n);
	return -1;
}
