/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include <string.h>
#include <sys/socket.h>

static struct netlog_connection describe(const struct connection *c)
{
	const struct relay *r = c->relay;
	const struct errand *e = &c->errand;
	struct netlog_connection told = {.port = e->port,
					 .sent = c->up.bytes,
					 .received = c->down.bytes,
					 .duration_ms = r->loop->now_ms - c->begun_ms};
	if (!errand_is_literal(e))
		told.name = names_text(r->names, e->name);
	if (e->told && (!told.name || strcmp(e->told, told.name) != 0))
		told.asked = e->told;
	if (c->tried > 0)
		told.a = &c->addrs[c->tried - 1];
	else if (errand_is_literal(e))
		told.a = &e->dest;
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
	if (!errand_is_literal(&c->errand))
		names_release(r->names, c->errand.name);
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

/* Goes on with a flow that has moved all that it may, after what feed has found. FLOW_STOPS: it may
 * move more. */
static enum flow_state go_on(struct connection *c, enum feed_result found)
{
	const struct relay *r = c->relay;
	switch (found) {
	case FEED_WAITS:
		return FLOW_WAITS;
	case FEED_GOES:
		return FLOW_STOPS;
	case FEED_ASKS:
		c->refusal = judge_asked(&c->errand, &c->feed.inspect.says.asked, r->policy);
		return c->refusal ? FLOW_BROKEN : FLOW_STOPS;
	case FEED_ENDS:
		c->refusal = "cut short";
		break;
	case FEED_REFUSES:
		c->refusal = c->feed.inspect.says.reason;
		break;
	case FEED_BROKEN:
		break;
	}
	return FLOW_BROKEN;
}

static enum flow_state move_up(struct connection *c)
{
	enum flow_state state = FLOW_STOPS;
	for (int round = 0; state == FLOW_STOPS && round < EGRESS_STEPS_AT_ONCE; round++) {
		state = flow_move(&c->up, &c->relay->pipes);
		if (state == FLOW_STOPS)
			state = go_on(c, feed_client(&c->feed, &c->up));
	}
	return state == FLOW_STOPS ? FLOW_AGAIN : state;
}

static enum flow_state move_down(struct connection *c)
{
	struct relay *r = c->relay;
	enum flow_state state = FLOW_STOPS;
	for (int round = 0; state == FLOW_STOPS && round < EGRESS_STEPS_AT_ONCE; round++) {
		state = flow_move(&c->down, &r->pipes);
		if (state == FLOW_STOPS)
			state = go_on(c, feed_server(&c->feed, &c->down, r->room));
	}
	return state == FLOW_STOPS ? FLOW_AGAIN : state;
}

/* Ends it because of what the sandbox has sent since it was let through. */
static void refuse_late(struct connection *c)
{
	struct netlog_connection told = describe(c);
	netlog_refuse(c->relay->log, &told, c->refusal);
	connection_end(c, "refused", true);
}

void connection_move(struct connection *c)
{
	struct relay *r = c->relay;
	uint64_t sent = c->up.bytes, received = c->down.bytes;
	/* The server first: what it answers says what may go up. */
	enum flow_state down = move_down(c);
	enum flow_state up = down == FLOW_BROKEN ? down : move_up(c);
	traffic_add(r->traffic, EGRESS_COUNT_SENT, c->up.bytes - sent);
	traffic_add(r->traffic, EGRESS_COUNT_RECEIVED, c->down.bytes - received);
	c->active_ms = r->loop->now_ms;
	/* An end that isn't read from any more has no other way to say that it is gone. */
	bool gone = (c->sandbox.failed && c->up.ended) || (c->remote.failed && c->down.ended);
	if (c->refusal) {
		refuse_late(c);
	} else if (up == FLOW_BROKEN || down == FLOW_BROKEN) {
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
	if (!c->is_inspected)
		c->up.allowed = c->down.allowed = FLOW_ALL;
	traffic_add(c->relay->traffic, EGRESS_COUNT_CONNECTIONS, 1);
	timers_set(&l->timers, &c->timer, l->now_ms + EGRESS_IDLE_MS);
	connection_move(c);
}
