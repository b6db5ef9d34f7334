/* SPDX-License-Identifier: MIT */
#include "sockaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

socklen_t sockaddr_from(const struct addr *a, uint16_t port, union sockaddr_any *out)
{
	memset(out, 0, sizeof(*out));
	if (a->family == 4) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		memcpy(&out->v4.sin_addr, a->bytes, sizeof(out->v4.sin_addr));
		return sizeof(out->v4);
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(port);
	memcpy(&out->v6.sin6_addr, a->bytes, sizeof(out->v6.sin6_addr));
	return sizeof(out->v6);
}

bool sockaddr_to(const union sockaddr_any *in, struct addr *a, uint16_t *port)
{
	*a = (struct addr){.family = 0};
	if (in->head.sa_family == AF_INET) {
		a->family = 4;
		memcpy(a->bytes, &in->v4.sin_addr, sizeof(in->v4.sin_addr));
		*port = ntohs(in->v4.sin_port);
		return true;
	}
	if (in->head.sa_family != AF_INET6)
		return false;
	a->family = 6;
	memcpy(a->bytes, &in->v6.sin6_addr, sizeof(in->v6.sin6_addr));
	*port = ntohs(in->v6.sin6_port);
	return true;
}

int sockaddr_socket(const struct addr *a, int type)
{
	int fd =
		socket(a->family == 4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int sockaddr_bind_device(int fd, int index)
{
	int rc = setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index));
	return rc < 0 ? -errno : 0;
}
