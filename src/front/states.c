/* SPDX-License-Identifier: MIT */
#include "states.h"

#include "answer.h"
#include "forward.h"
#include "request.h"

static void run_late(struct conn *c)
{
	switch (c->state) {
	case CONN_READS_HEAD:
		if (c->in_len > 0)
			answer(c, 408, "timeout", "the request's head took too long");
		else
			conn_close(c);
		break;
	case CONN_READS_BODY:
		answer(c, 408, "timeout", "the request's body took too long");
		break;
	case CONN_PAUSES:
		request_queue(c);
		break;
	case CONN_QUEUED:
		answer(c, 503, "full", "the server has too much to do");
		break;
	case CONN_FREE:
		break;
	case CONN_FORWARDS:
		forward_give_up(c);
		break;
	case CONN_SHAKES_HANDS:
	case CONN_ANSWERS:
	case CONN_LINGERS:
		conn_close(c);
		break;
	}
}

static void late(void *owner)
{
	struct conn *c = owner;
	run_late(c);
	conn_run(c);
}

static void wire_ready(void *owner, uint32_t events)
{
	struct conn *c = owner;
	socket_note(&c->wire.socket, events);
	conn_run(c);
}

static void backend_ready(void *owner, uint32_t events)
{
	struct conn *c = owner;
	socket_note(&c->backend, events);
	conn_run(c);
}

/* One step; whether something has happened. */
static bool step(struct conn *c)
{
	switch (c->state) {
	case CONN_FREE:
		return false;
	case CONN_SHAKES_HANDS:
		if (!c->turn.line) /* schedule.c takes it from there */
			turns_add(&c->front->handshakes, &c->client->handshakes, &c->turn);
		return false;
	case CONN_READS_HEAD:
		return request_read_head(c);
	case CONN_READS_BODY:
		return request_read_body(c);
	case CONN_PAUSES:
	case CONN_QUEUED:
		if (c->wire.socket.broken)
			conn_close(c);
		return false;
	case CONN_FORWARDS:
		return forward_move(c);
	case CONN_ANSWERS:
		return answer_write(c);
	case CONN_LINGERS:
		return answer_linger(c);
	}
	return false;
}

void conn_run(struct conn *c)
{
	for (int i = 0; i < FRONT_ROUNDS_AT_ONCE; i++)
		if (!step(c))
			return;
	if (c->state != CONN_FREE)
		loop_again(&c->front->loop, &c->wire.socket.source);
}

void conn_watch(struct conn *c)
{
	c->wire.socket.source = (struct loop_source){.fd = -1, .ready = wire_ready, .owner = c};
	c->backend.source = (struct loop_source){.fd = -1, .ready = backend_ready, .owner = c};
	c->deadline = (struct timer){.fire = late, .owner = c};
}
