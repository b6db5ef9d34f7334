/* SPDX-License-Identifier: MIT */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "front.h"
#include "lib/fd.h"
#include "lib/sockaddr.h"

void conn_set_deadline(struct conn *c, unsigned in_ms)
{
	conn_set_due(c, c->front->loop.now_ms + in_ms);
}

void conn_set_due(struct conn *c, uint64_t due_ms)
{
	timers_set(&c->front->loop.timers, &c->deadline, due_ms);
}

void conn_clear_deadline(struct conn *c)
{
	timers_clear(&c->front->loop.timers, &c->deadline);
}

void conn_set_idle(struct conn *c, bool is_idle)
{
	struct front *f = c->front;
	if (c->is_idle) {
		*(c->before ? &c->before->behind : &f->idle_first) = c->behind;
		*(c->behind ? &c->behind->before : &f->idle_last) = c->before;
	}
	c->is_idle = is_idle;
	if (!is_idle)
		return;
	c->before = f->idle_last;
	c->behind = NULL;
	*(f->idle_last ? &f->idle_last->behind : &f->idle_first) = c;
	f->idle_last = c;
}

/* Forget what went through: tokens, and TLS's keys. Memory that only a flood comes to is given back
 * instead; should it come again, it is zeros. */
static void forget(struct front *f, size_t place, bool had_tls)
{
	if (place < FRONT_WARM) {
		explicit_bzero(f->in[place], FRONT_IN_BYTES);
		explicit_bzero(f->out[place], FRONT_OUT_BYTES);
		if (had_tls)
			explicit_bzero(&f->tls[place], sizeof(f->tls[place]));
		return;
	}
	madvise(f->in[place], FRONT_IN_BYTES, MADV_DONTNEED);
	madvise(f->out[place], FRONT_OUT_BYTES, MADV_DONTNEED);
	if (had_tls)
		madvise(&f->tls[place], sizeof(f->tls[place]), MADV_DONTNEED);
}

void conn_close(struct conn *c)
{
	struct front *f = c->front;
	if (c->state == CONN_FORWARDS)
		forward_end(c);
	conn_set_idle(c, false);
	turns_remove(c->state == CONN_SHAKES_HANDS ? &f->handshakes
		     : c->is_upload                ? &f->large
						   : &f->small,
		     &c->turn);
	conn_clear_deadline(c);
	loop_close(&f->loop, &c->wire.source);
	clients_put(&f->clients, c->client);
	forget(f, (size_t)(c - f->conns), c->had_tls);
	c->state = CONN_FREE;
	c->next_free = f->free_conns;
	f->free_conns = c;
	f->count--;
}

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
	wire_note(&c->wire, events);
	conn_run(c);
}

static void backend_ready(void *owner, uint32_t events)
{
	struct conn *c = owner;
	wire_note(&c->backend, events);
	conn_run(c);
}

/* One step; whether something has happened. */
static bool step(struct conn *c)
{
	switch (c->state) {
	case CONN_FREE:
		return false;
	case CONN_SHAKES_HANDS:
		schedule_handshake(c);
		return false;
	case CONN_READS_HEAD:
		return request_read_head(c);
	case CONN_READS_BODY:
		return request_read_body(c);
	case CONN_PAUSES:
	case CONN_QUEUED:
		if (c->wire.broken)
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
		loop_again(&c->front->loop, &c->wire.source);
}

void conn_init_all(struct front *f)
{
	for (size_t i = FRONT_CONNECTIONS; i-- > 0;) {
		struct conn *c = &f->conns[i];
		*c = (struct conn){.front = f, .in = f->in[i], .out = f->out[i]};
		c->next_free = f->free_conns;
		f->free_conns = c;
	}
}

/* A client of IPv4 is one of that, though the socket takes both. */
static bool read_peer(int fd, struct addr *addr)
{
	union sockaddr_any peer;
	socklen_t len = sizeof(peer);
	uint16_t port;
	if (getpeername(fd, &peer.head, &len) < 0 || !sockaddr_to(&peer, addr, &port))
		return false;
	if (addr->family == 6 && IN6_IS_ADDR_V4MAPPED(&peer.v6.sin6_addr)) {
		*addr = (struct addr){.family = 4};
		memcpy(addr->bytes, peer.v6.sin6_addr.s6_addr + 12, 4);
	}
	return true;
}

/* Small replies leave at once; a client whose machine is gone is noticed within some minutes,
 * though nothing is sent to it while a command runs. */
static void set_options(int fd)
{
	const int on = 1, idle_s = 60, every_s = 20, tries = 4;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof(tries));
}

static bool is_queued(const struct conn *c)
{
	return c->state == CONN_QUEUED || c->state == CONN_PAUSES;
}

/* The one that has been idle longest, of this client, or of all (NULL); with_queued: or waits for
 * its request's turn. */
static struct conn *find_idle(struct front *f, const struct client *client, bool with_queued)
{
	struct conn *c = f->idle_first;
	while (c && ((client && c->client != client) || (is_queued(c) && !with_queued)))
		c = c->behind;
	return c;
}

/* What is to end for one more connection of the client: of those of whoever has most, be it
 * itself. */
static struct conn *find_victim(struct front *f, const struct client *client)
{
	if (client->connections > FRONT_CLIENT_CONNECTIONS)
		return find_idle(f, client, false);
	const struct client *largest = clients_find_largest(&f->clients);
	if (largest->connections == 1)
		return find_idle(f, NULL, false);
	if (client->connections == largest->connections)
		return find_idle(f, client, true);
	struct conn *c = find_idle(f, largest, true);
	return c ? c : find_idle(f, NULL, false);
}

/* Room for one more connection of the client, which is counted. */
static bool make_room(struct front *f, const struct client *client)
{
	if (f->free_conns && client->connections <= FRONT_CLIENT_CONNECTIONS)
		return true;
	struct conn *victim = find_victim(f, client);
	if (victim)
		conn_close(victim);
	return victim != NULL;
}

static bool begin_tls(struct conn *c)
{
	struct front *f = c->front;
	struct err e;
	c->wire.tls = &f->tls[c - f->conns];
	c->had_tls = true;
	if (tls_begin(c->wire.tls, &f->tls_server, f->loop.now_ms, &e) < 0) {
		fprintf(stderr, "front: %s\n", e.text);
		return false;
	}
	c->state = CONN_SHAKES_HANDS;
	conn_set_idle(c, true);
	conn_set_deadline(c, FRONT_HANDSHAKE_MS);
	return true;
}

void conn_accept(struct front *f, int fd, bool is_tls)
{
	struct addr addr;
	if (!read_peer(fd, &addr)) { /* it is gone already */
		listener_reset(fd);
		return;
	}
	struct client *client = clients_get(&f->clients, &addr);
	client->connections++; /* so that it stays when another of its connections goes */
	if (!make_room(f, client)) {
		clients_put(&f->clients, client);
		listener_reset(fd);
		return;
	}
	struct conn *c = f->free_conns;
	f->free_conns = c->next_free;
	f->count++;
	*c = (struct conn){
		.front = f,
		.addr = addr,
		.client = client,
		.in = c->in,
		.out = c->out,
		.wire.source = {.fd = -1, .ready = wire_ready, .owner = c},
		.backend.source = {.fd = -1, .ready = backend_ready, .owner = c},
		.deadline = {.fire = late, .owner = c},
	};
	set_options(fd);
	request_begin(c);
	conn_set_deadline(c, FRONT_HEAD_MS);
	if (loop_add(&f->loop, &c->wire.source, fd, WIRE_EVENTS) < 0) {
		fd_close(&fd);
		conn_close(c);
	} else if (is_tls && !begin_tls(c)) {
		conn_close(c);
	}
}

void conn_close_idle(struct front *f)
{
	for (size_t i = 0; i < FRONT_CONNECTIONS; i++) {
		struct conn *c = &f->conns[i];
		if (c->state == CONN_READS_HEAD && !c->in_len) {
			c->wire.readable = true; /* a request may have come just now */
			conn_run(c);
		}
		if (c->state == CONN_SHAKES_HANDS || (c->state == CONN_READS_HEAD && !c->in_len))
			conn_close(c);
	}
}
