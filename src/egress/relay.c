/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/fd.h"
#include "lib/sockaddr.h"

static struct netlog_connection describe(const struct connection *c)
{
	const struct relay *r = c->relay;
	struct netlog_connection told = {.port = c->port,
					 .sent = c->up.bytes,
					 .received = c->down.bytes,
					 .duration_ms = r->loop->now_ms - c->begun_ms};
	if (c->name >= 0)
		told.name = names_text(r->names, c->name);
	if (c->asked[0] != '\0' && (!told.name || strcmp(c->asked, told.name) != 0))
		told.asked = c->asked;
	if (c->tried > 0)
		told.a = &c->addrs[c->tried - 1];
	else if (c->name < 0)
		told.a = &c->dest;
	return told;
}

static void set_reset(const struct flow_end *end)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};
	if (end->source.fd >= 0)
		setsockopt(end->source.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void set_free(struct connection *c, bool by_reset)
{
	struct relay *r = c->relay;
	if (by_reset) {
		set_reset(&c->sandbox);
		set_reset(&c->remote);
	}
	loop_close(r->loop, &c->sandbox.source);
	loop_close(r->loop, &c->remote.source);
	timers_clear(&r->loop->timers, &c->timer);
	upstream_leave(&c->waiter);
	flow_close(&c->up, &r->pipes);
	flow_close(&c->down, &r->pipes);
	if (c->name >= 0)
		names_release(r->names, c->name);
	c->state = CONNECTION_FREE;
	c->next_free = r->free_connections;
	r->free_connections = c;
}

void connection_refuse(struct connection *c, const char *reason)
{
	struct netlog_connection told = describe(c);
	netlog_refuse(c->relay->log, &told, reason);
	set_free(c, true);
}

static void end(struct connection *c, const char *how, bool by_reset)
{
	struct netlog_connection told = describe(c);
	netlog_connect(c->relay->log, &told, how);
	set_free(c, by_reset);
}

static void move(struct connection *c)
{
	struct relay *r = c->relay;
	uint64_t sent = c->up.bytes, received = c->down.bytes;
	enum flow_state up = flow_move(&c->up, &r->pipes);
	enum flow_state down = up == FLOW_BROKEN ? up : flow_move(&c->down, &r->pipes);
	traffic_add(r->traffic, EGRESS_COUNT_SENT, c->up.bytes - sent);
	traffic_add(r->traffic, EGRESS_COUNT_RECEIVED, c->down.bytes - received);
	c->active_ms = r->loop->now_ms;
	/* An end that isn't read from any more has no other way to say that it is gone. */
	bool gone = (c->sandbox.failed && c->up.ended) || (c->remote.failed && c->down.ended);
	if (up == FLOW_BROKEN || down == FLOW_BROKEN) {
		end(c, "reset", true);
	} else if (up == FLOW_DONE && down == FLOW_DONE) {
		end(c, "closed", false);
	} else if (gone) {
		end(c, "reset", true);
	} else if (up == FLOW_AGAIN || down == FLOW_AGAIN) {
		loop_again(r->loop, &c->sandbox.source);
	}
	if (c->state == CONNECTION_FLOWS && !c->half && (c->up.done || c->down.done)) {
		c->half = true;
		timers_set(&r->loop->timers, &c->timer, c->active_ms + EGRESS_HALF_IDLE_MS);
	}
}

void connection_flow(struct connection *c)
{
	struct loop *l = c->relay->loop;
	c->state = CONNECTION_FLOWS;
	c->up.head = c->head;
	c->up.head_left = c->head_len;
	traffic_add(c->relay->traffic, EGRESS_COUNT_CONNECTIONS, 1);
	timers_set(&l->timers, &c->timer, l->now_ms + EGRESS_IDLE_MS);
	move(c);
}

/* Neither TCP's urgent byte nor its place survives splice(2): no connection rather than another
 * one. */
static bool is_urgent(struct connection *c, uint32_t events)
{
	if (!(events & EPOLLPRI))
		return false;
	if (c->state == CONNECTION_FLOWS)
		end(c, "urgent data", true);
	else
		connection_refuse(c, "urgent data");
	return true;
}

static void sandbox_ready(void *owner, uint32_t events)
{
	struct connection *c = owner;
	flow_note(&c->sandbox, events);
	if (is_urgent(c, events))
		return;
	if (c->state == CONNECTION_FLOWS)
		move(c);
	else if (c->sandbox.failed)
		connection_refuse(c, "given up");
	else if (c->state == CONNECTION_SNIFFS)
		connection_sniff(c);
}

static void remote_ready(void *owner, uint32_t events)
{
	struct connection *c = owner;
	flow_note(&c->remote, events);
	if (is_urgent(c, events))
		return;
	if (c->state == CONNECTION_FLOWS)
		move(c);
	else
		connection_dialled(c, events);
}

static void check_idle(struct connection *c)
{
	struct loop *l = c->relay->loop;
	uint64_t end_ms = c->active_ms + (c->half ? EGRESS_HALF_IDLE_MS : EGRESS_IDLE_MS);
	if (end_ms <= l->now_ms)
		end(c, "idle", true);
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
		.dest = *dest,
		.port = port,
		.name = names_hold(r->names, dest),
		.head = r->heads[i],
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
	const char *reason = connection_refusal(c);
	if (!reason && c->tried > 0 && !policy_is_reachable(r->policy, &c->addrs[c->tried - 1]))
		reason = "private address";
	if (!reason)
		return;
	if (c->state == CONNECTION_FLOWS)
		end(c, "cut", true);
	else
		connection_refuse(c, reason);
}

void relay_policy_changed(struct relay *r)
{
	for (size_t i = 0; i < EGRESS_CONNECTIONS; i++)
		if (r->connections[i].state != CONNECTION_FREE)
			check_again(&r->connections[i]);
}
