/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "admit.h"
#include "dial.h"
#include "judge.h"
#include "lib/sockaddr.h"

/* Events of either side that mean the same in any state. Neither TCP's urgent byte nor its place
 * survives splice(2): no connection rather than another one. Returns whether that was all. */
static bool take_events(struct connection *c, uint32_t events)
{
	bool flows = c->state == CONNECTION_FLOWS;
	if (events & EPOLLPRI) {
		if (flows)
			connection_end(c, "urgent data", true);
		else
			connection_refuse(c, "urgent data");
		return true;
	}
	if (flows)
		connection_move(c);
	return flows;
}

static void sandbox_ready(void *owner, uint32_t events)
{
	struct connection *c = owner;
	flow_note(&c->sandbox, events);
	if (take_events(c, events))
		return;
	if (c->sandbox.failed)
		connection_refuse(c, "given up");
	else if (c->state == CONNECTION_ASKS)
		connection_read(c);
}

static void remote_ready(void *owner, uint32_t events)
{
	struct connection *c = owner;
	flow_note(&c->remote, events);
	if (!take_events(c, events))
		connection_dialled(c, events);
}

static void check_idle(struct connection *c)
{
	struct loop *l = c->relay->loop;
	uint64_t end_ms = c->active_ms + (c->half ? EGRESS_HALF_IDLE_MS : EGRESS_IDLE_MS);
	if (end_ms <= l->now_ms)
		connection_end(c, "idle", true);
	else
		timers_set(&l->timers, &c->timer, end_ms);
}

static void time_is_up(void *owner)
{
	struct connection *c = owner;
	if (c->state == CONNECTION_FLOWS)
		check_idle(c);
	else if (c->state == CONNECTION_DIALS)
		connection_dial_late(c);
	else
		connection_refuse(c, "no server name");
}

static void refuse_one_more(struct relay *r, int fd, const struct addr *dest, uint16_t port)
{
	struct netlog_connection told = {.a = dest, .port = port};
	netlog_refuse(r->log, &told, "too many connections");
	listener_reset(fd);
}

static void begin(struct connection *c, int fd, const struct addr *dest, uint16_t port)
{
	const int on = 1;
	struct relay *r = c->relay;
	size_t i = (size_t)(c - r->connections);
	*c = (struct connection){
		.relay = r,
		.sandbox = {.source = {.fd = -1, .ready = sandbox_ready, .owner = c}},
		.remote = {.source = {.fd = -1, .ready = remote_ready, .owner = c}},
		.up = {.from = &c->sandbox, .to = &c->remote},
		.down = {.from = &c->remote, .to = &c->sandbox},
		.timer = {.fire = time_is_up, .owner = c},
		.begun_ms = r->loop->now_ms,
		.errand = {.dest = *dest, .port = port, .name = names_hold(r->names, dest)},
		.feed = {.bytes = r->held[i]},
	};
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	int rc = loop_add(r->loop, &c->sandbox.source, fd, FLOW_EVENTS);
	if (rc < 0) {
		listener_reset(fd);
		connection_refuse(c, "out of memory");
		return;
	}
	connection_admit(c);
}

static void take(void *owner, int fd)
{
	struct relay *r = owner;
	struct connection *c = r->free_connections;
	union sockaddr_any local;
	socklen_t len = sizeof(local);
	struct addr dest;
	uint16_t port;
	if (getsockname(fd, &local.head, &len) < 0 || !sockaddr_to(&local, &dest, &port)) {
		listener_reset(fd);
	} else if (!c) {
		refuse_one_more(r, fd, &dest, port);
	} else {
		r->free_connections = c->next_free;
		begin(c, fd, &dest, port);
	}
}

int relay_init(struct relay *r, int fd, int fd6, struct err *e)
{
	for (size_t i = EGRESS_CONNECTIONS; i > 0; i--) {
		struct connection *c = &r->connections[i - 1];
		c->relay = r;
		c->next_free = r->free_connections;
		r->free_connections = c;
	}
	int rc = listener_init(&r->listeners[0], r->loop, fd, take, r, e);
	if (rc < 0 || fd6 < 0)
		return rc;
	return listener_init(&r->listeners[1], r->loop, fd6, take, r, e);
}

static void check_again(struct connection *c)
{
	const struct relay *r = c->relay;
	const char *reason = judge_errand(&c->errand, r->policy, r->names);
	if (!reason && c->tried > 0 && !policy_is_reachable(r->policy, &c->addrs[c->tried - 1]))
		reason = "private address";
	if (!reason)
		return;
	if (c->state == CONNECTION_FLOWS)
		connection_end(c, "cut", true);
	else
		connection_refuse(c, reason);
}

void relay_policy_changed(struct relay *r)
{
	for (size_t i = 0; i < EGRESS_CONNECTIONS; i++)
		if (r->connections[i].state != CONNECTION_FREE)
			check_again(&r->connections[i]);
}
