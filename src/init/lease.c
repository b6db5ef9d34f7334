/* SPDX-License-Identifier: MIT */
/* Puts addresses, routes and name servers in place. */
#include "lease.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "console.h"
#include "lib/buf.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "paths.h"
#include "rtnl.h"

#define METRIC_BASE 100 /* plus the card's index: the card that was found first has precedence */

/* Written to a temporary name, so that a reader never sees half of it. */
static int write_resolv(const struct lease *lease, struct err *e)
{
	char text[LEASE_DNS_MAX * 32];
	char address[INET_ADDRSTRLEN];
	struct buf b = {.data = text, .cap = sizeof(text)};
	for (size_t i = 0; i < LEASE_DNS_MAX; i++) {
		if (lease->dns[i])
			buf_printf(&b, "nameserver %s\n",
				   inet_ntop(AF_INET, &lease->dns[i], address, sizeof(address)));
	}
	AUTO_FD fd = open(PATH_RESOLV ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc = fd < 0 ? -errno : fd_write_all(fd, text, b.len);
	if (rc == 0 && rename(PATH_RESOLV ".new", PATH_RESOLV) < 0)
		rc = -errno;
	return rc < 0 ? err_set(e, -rc, "write " PATH_RESOLV) : 0;
}

int lease_apply(const struct lease *lease, struct err *e)
{
	int rc = rtnl_set_address(lease->index, lease->address, lease->prefix, e);
	if (rc == 0 && lease->gateway)
		rc = rtnl_set_default_route(lease->index, lease->gateway,
					    METRIC_BASE + (uint32_t)lease->index, e);
	if (rc == 0 && lease->dns[0])
		rc = write_resolv(lease, e);
	return rc;
}

/* Up to max addresses, separated by blanks; others are passed over. The count. */
static size_t parse_addresses(const char *text, uint32_t *out, size_t max)
{
	size_t count = 0;
	while (text && *text && count < max) {
		char word[INET_ADDRSTRLEN];
		size_t len = strcspn(text, " ");
		if (len > 0 && len < sizeof(word)) {
			memcpy(word, text, len);
			word[len] = '\0';
			if (inet_pton(AF_INET, word, &out[count]) == 1 && out[count])
				count++;
		}
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

int lease_main(int argc, char **argv)
{
	struct err e = {0};
	struct lease lease = {0};
	const char *action = argc > 1 ? argv[1] : "";
	const char *name = getenv("interface");
	lease.index = name ? (int)if_nametoindex(name) : 0;
	if (!lease.index)
		return EXIT_FAILURE; /* the card is gone */

	int rc = 0;
	if (strcmp(action, "deconfig") == 0) {
		rc = rtnl_set_address(lease.index, 0, 0, &e);
	} else if (strcmp(action, "bound") == 0 || strcmp(action, "renew") == 0) {
		rc = read_lease(&lease, &e);
		if (rc == 0)
			rc = lease_apply(&lease, &e);
	}
	if (rc < 0) {
		child_set_output("/dev/console"); /* udhcpc's own goes nowhere */
		console_say("%s: %s.", name, e.text);
	}
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
