/* SPDX-License-Identifier: MIT */
#include "addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>

#include "lib/sockaddr.h"

/* RFC 3927, RFC 4291 2.5.6. */
static bool is_link_local(const struct addr *a)
{
	if (a->family == 4)
		return a->bytes[0] == 169 && a->bytes[1] == 254;
	return a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

static bool read_address(const struct ifaddrs *at, struct addr *a)
{
	uint16_t port;
	return at->ifa_addr && !(at->ifa_flags & IFF_LOOPBACK) &&
	       sockaddr_to((const void *)at->ifa_addr, a, &port);
}

/* Visit those that are link-local, or those that are not. How many there were. */
static size_t visit_kind(const struct ifaddrs *all, bool link_local,
			 void (*visit)(const struct addr *a, void *arg), void *arg)
{
	size_t count = 0;
	struct addr a;
	for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
		if (!read_address(at, &a) || is_link_local(&a) != link_local)
			continue;
		visit(&a, arg);
		count++;
	}
	return count;
}

int addresses_each(void (*visit)(const struct addr *a, void *arg), void *arg, struct err *e)
{
	struct ifaddrs *all;
	if (getifaddrs(&all) < 0)
		return err_set(e, errno, "list addresses");
	if (visit_kind(all, false, visit, arg) == 0)
		visit_kind(all, true, visit, arg);
	freeifaddrs(all);
	return 0;
}
