/* SPDX-License-Identifier: MIT */
#include "network_address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "rtnl.h"

bool network_address_is_ready(const struct nlmsghdr *head)
{
	const struct ifaddrmsg *body = NLMSG_DATA(head);
	uint32_t flags = body->ifa_flags;
	const void *more = rtnl_find_attribute(head, sizeof(*body), IFA_FLAGS, sizeof(flags));
	if (more)
		memcpy(&flags, more, sizeof(flags));
	return body->ifa_scope == RT_SCOPE_UNIVERSE &&
	       !(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED));
}

bool network_address_read(const struct nlmsghdr *head, struct addr *a)
{
	const struct ifaddrmsg *body = NLMSG_DATA(head);
	bool is_v4 = body->ifa_family == AF_INET;
	size_t len = is_v4 ? 4 : 16;
	if (!is_v4 && body->ifa_family != AF_INET6)
		return false;
	const void *bytes = rtnl_find_attribute(head, sizeof(*body), IFA_LOCAL, len);
	if (!bytes)
		bytes = rtnl_find_attribute(head, sizeof(*body), IFA_ADDRESS, len);
	if (!bytes)
		return false;
	*a = (struct addr){.family = is_v4 ? 4 : 6};
	memcpy(a->bytes, bytes, len);
	return true;
}

/* Where the card has that address; NULL: it does not. Of family 0: where there is room. */
static struct addr *find_address6(struct network_card *card, const struct addr *a)
{
	for (size_t i = 0; i < NETWORK_ADDRS6_MAX; i++)
		if (addr_equal(&card->addresses6[i], a))
			return &card->addresses6[i];
	return NULL;
}

struct addr *network_address_find(struct network_card *card, const struct addr *a)
{
	static const struct addr none;
	if (a->family == 4)
		return &card->address;
	struct addr *found = find_address6(card, a);
	return found ? found : find_address6(card, &none);
}
