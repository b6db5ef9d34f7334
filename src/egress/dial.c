/* SPDX-License-Identifier: MIT */
/* The way to one of a name's addresses. Each is checked just before it is dialled, and it is this
 * address that is dialled, not the name. */
#include "dial.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/sockaddr.h"

/* What the appliance has itself can be bound to, and nothing else. In doubt it is its own. A socket
 * that is bound to a VRF sees the addresses there are in that, one that isn't, all others. */
static bool is_own(int fd, const struct addr *a)
{
	union sockaddr_any any;
	socklen_t len = sockaddr_from(a, 0, &any);
	return bind(fd, &any.head, len) == 0 || errno != EADDRNOTAVAIL;
}

static const char *why(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
		return "connection refused";
	case ETIMEDOUT:
		return "timed out";
	case EADDRNOTAVAIL:
		return "no port left";
	case EPERM:
		return "address of the appliance";
	default:
		return "unreachable";
	}
}

/* 0, and it is on its way; -EPERM, if it is the appliance's own; or another -errno. */
static int begin(struct connection *c, const struct addr *a)
{
	const int on = 1;
	union sockaddr_any any;
	socklen_t len = sockaddr_from(a, c->errand.port, &any);
	AUTO_FD fd = sockaddr_socket(a, SOCK_STREAM);
	if (fd < 0)
		return fd;
	int device = c->relay->policy->device;
	if (is_own(fd, a)) /* if not, the socket is as before */
		return -EPERM;
	int rc = device ? sockaddr_bind_device(fd, device) : 0;
	if (rc < 0)
		return rc;
	if (device && is_own(fd, a))
		return -EPERM;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, &any.head, len) < 0 && errno != EINPROGRESS)
		return -errno;
	rc = loop_add(c->relay->loop, &c->remote.source, fd, FLOW_EVENTS);
	if (rc == 0)
		fd_steal(&fd);
	return rc;
}

/* Whether the sandbox has as many connections there as it may have. */
static bool is_crowded(const struct connection *c, const struct addr *a)
{
	size_t count = 0;
	for (size_t i = 0; i < EGRESS_CONNECTIONS; i++) {
		const struct connection *other = &c->relay->connections[i];
		bool has_port =
			other->state == CONNECTION_DIALS || other->state == CONNECTION_FLOWS;
		if (has_port && other != c && other->errand.port == c->errand.port &&
		    addr_equal(&other->addrs[other->tried - 1], a))
			count++;
	}
	return count >= EGRESS_CONNECTIONS_TO_ONE;
}

/* Dial one. False, with the obstacle. */
static bool try(struct connection *c, const struct addr *a)
{
	struct loop *l = c->relay->loop;
	uint64_t left_ms = c->deadline_ms > l->now_ms ? c->deadline_ms - l->now_ms : 0;
	if (!policy_is_reachable(c->relay->policy, a)) {
		c->obstacle = "private address";
		return false;
	}
	if (is_crowded(c, a)) {
		c->obstacle = "too many connections to one address";
		return false;
	}
	int rc = left_ms == 0 ? -ETIMEDOUT : begin(c, a);
	if (rc < 0) {
		c->obstacle = why(-rc);
		return false;
	}
	/* One that is silent leaves the others their share of the time. */
	timers_set(&l->timers, &c->timer, l->now_ms + left_ms / (c->addr_count - c->tried + 1));
	return true;
}

static void try_next(struct connection *c)
{
	while (c->tried < c->addr_count)
		if (try(c, &c->addrs[c->tried++]))
			return;
	connection_refuse(c, c->obstacle);
}

void connection_dial(struct connection *c)
{
	c->state = CONNECTION_DIALS;
	c->deadline_ms = c->relay->loop->now_ms + EGRESS_CONNECT_MS;
	try_next(c);
}

static void give_up_one(struct connection *c, int error)
{
	c->obstacle = why(error);
	loop_close(c->relay->loop, &c->remote.source);
	c->remote.readable = c->remote.writable = c->remote.finished = c->remote.failed = false;
	try_next(c);
}

void connection_dial_late(struct connection *c)
{
	give_up_one(c, ETIMEDOUT);
}

void connection_dialled(struct connection *c, uint32_t events)
{
	int error = 0;
	socklen_t len = sizeof(error);
	if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		return;
	if (getsockopt(c->remote.source.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error)
		give_up_one(c, error);
	else
		connection_flow(c);
}
