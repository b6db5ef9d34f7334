/* SPDX-License-Identifier: MIT */
#include "rtnl_request.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

void rtnl_request_begin(struct rtnl_request *r, uint16_t type, uint16_t flags, size_t body_bytes)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_type = type;
	r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	r->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(body_bytes);
}

void rtnl_request_add(struct rtnl_request *r, uint16_t type, const void *value, size_t len)
{
	struct rtattr attribute = {.rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(len)};
	char *end = (char *)r + NLMSG_ALIGN(r->head.nlmsg_len);
	memcpy(end, &attribute, sizeof(attribute));
	memcpy(end + RTA_LENGTH(0), value, len);
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + attribute.rta_len;
}

int rtnl_request_send(int fd, const struct rtnl_request *r)
{
	return send(fd, r, r->head.nlmsg_len, 0) < 0 ? -errno : 0;
}

int rtnl_request_execute(int fd, struct rtnl_request *r)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr result;
		char rest[512]; /* the request again, and what the kernel adds */
	} reply;
	r->head.nlmsg_flags |= NLM_F_ACK;
	int rc = rtnl_request_send(fd, r);
	if (rc < 0)
		return rc;
	ssize_t n = recv(fd, &reply, sizeof(reply), 0);
	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof(reply.head) + sizeof(reply.result) ||
	    reply.head.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return reply.result.error;
}
