/* SPDX-License-Identifier: MIT */
/* One rtnetlink request, put together and carried out: rtnetlink(7), netlink(7). */
#ifndef SQUASH_LIB_RTNL_REQUEST_H
#define SQUASH_LIB_RTNL_REQUEST_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

/* Its head, the family's own head, attributes. */
struct rtnl_request {
	struct nlmsghdr head;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
	} body;
	char room[64]; /* three attributes, of an IPv6 address at most */
};

/* Make it a request of that type (RTM_*), with these flags (NLM_F_*) beside NLM_F_REQUEST, and a
 * body of zeroes of body_bytes. */
void rtnl_request_begin(struct rtnl_request *r, uint16_t type, uint16_t flags, size_t body_bytes);

/* Append an attribute. */
void rtnl_request_add(struct rtnl_request *r, uint16_t type, const void *value, size_t len);

/* Send it, and no more. 0 or -errno. */
int rtnl_request_send(int fd, const struct rtnl_request *r);

/* Send it by a blocking socket that nothing else comes from, and wait for the kernel to say what
 * became of it. 0 or -errno. */
int rtnl_request_execute(int fd, struct rtnl_request *r);

#endif
