/* SPDX-License-Identifier: MIT */
/* Puts addresses, routes and name servers in place. */
#include "lease.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init/boot/child.h"
#include "init/boot/console.h"
#include "init/paths.h"
#include "init/service/programs.h"
#include "lib/paths.h"
#include "rtnl.h"

#define METRIC_BASE 100 /* plus the card's index: the card that was found first has precedence */

int lease_apply(const struct lease *lease, enum resolv_source source, struct err *e)
{
	uint8_t table = lease->is_egress ? LEASE_EGRESS_TABLE : RT_TABLE_MAIN;
	int rc = rtnl_set_address(lease->index, &lease->address, lease->prefix, e);
	if (rc == 0 && lease->gateway.family)
		rc = rtnl_set_default_route(lease->index, &lease->gateway,
					    METRIC_BASE + (uint32_t)lease->index, table, e);
	if (rc == 0)
		rc = resolv_put(lease->index, lease->is_egress, source, lease->dns, LEASE_DNS_MAX,
				e);
	return rc;
}

/* Up to max IPv4 addresses, separated by blanks; others are passed over. The count. */
static size_t parse_addresses(const char *text, struct addr *out, size_t max)
{
	static const uint8_t zero[4];
	size_t count = 0;
	while (text && *text && count < max) {
		size_t len = strcspn(text, " ");
		struct addr *a = &out[count];
		if (addr_parse(text, len, a) && a->family == 4 && memcmp(a->bytes, zero, 4) != 0)
			count++;
		else
			*a = (struct addr){0};
		text += len + (text[len] ? 1 : 0);
	}
	return count;
}

/* The lease as udhcpc puts it into the environment; a server made most of it up, so that nothing
 * but numbers is taken from it. */
static int read_lease(struct lease *lease, struct err *e)
{
	const char *mask = getenv("mask"); /* the number of bits */
	long prefix = mask ? strtol(mask, NULL, 10) : 0;
	if (parse_addresses(getenv("ip"), &lease->address, 1) != 1 || prefix < 1 || prefix > 32)
		return err_say(e, EINVAL, "the DHCP server gave no usable address");
	lease->prefix = (uint8_t)prefix;
	parse_addresses(getenv("router"), &lease->gateway, 1);
	parse_addresses(getenv("dns"), lease->dns, LEASE_DNS_MAX);
	return 0;
}

/* What the lease was good for is over. */
static int clear(const struct lease *lease, struct err *e)
{
	int rc = rtnl_clear_addresses(lease->index, e);
	return rc < 0 ? rc : resolv_put(lease->index, lease->is_egress, RESOLV_DHCP, NULL, 0, e);
}

int lease_main(int argc, char **argv)
{
	struct err e = {0};
	struct lease lease = {0};
	const char *action = argc > 1 ? argv[1] : "";
	const char *name = getenv("interface");
	lease.index = name ? (int)if_nametoindex(name) : 0;
	lease.is_egress = getenv(PROGRAMS_EGRESS_VARIABLE) != NULL;
	if (!lease.index)
		return EXIT_FAILURE; /* the card is gone */

	int rc = 0;
	if (strcmp(action, "deconfig") == 0) {
		rc = clear(&lease, &e);
	} else if (strcmp(action, "bound") == 0 || strcmp(action, "renew") == 0) {
		rc = read_lease(&lease, &e);
		if (rc == 0)
			rc = lease_apply(&lease, RESOLV_DHCP, &e);
	}
	if (rc < 0) {
		child_set_output("/dev/console"); /* udhcpc's own goes nowhere */
		console_say("%s: %s.", name, e.text);
	}
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
