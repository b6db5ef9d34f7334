/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include <string.h>
#include <sys/socket.h>

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

void connection_end(struct connection *c, const char *how, bool by_reset)
{
	struct netlog_connection told = describe(c);
	netlog_connect(c->relay->log, &told, how);
	set_free(c, by_reset);
}

void connection_move(struct connection *c)
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
		connection_end(c, "reset", true);
	} else if (up == FLOW_DONE && down == FLOW_DONE) {
		connection_end(c, "closed", false);
	} else if (gone) {
		connection_end(c, "reset", true);
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
	connection_move(c);
}
