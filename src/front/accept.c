/* SPDX-License-Identifier: MIT */
#include "accept.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/fd.h"
#include "lib/sockaddr.h"
#include "request.h"
#include "states.h"

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
	const int on = 1, idle_s = 60, every_s = 20, tries = 4, buffer = FRONT_SOCKET_BYTES;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
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
	};
	conn_watch(c);
	set_options(fd);
	request_begin(c);
	conn_set_deadline(c, FRONT_HEAD_MS);
	if (loop_add(&f->loop, &c->wire.socket.source, fd, SOCKET_EVENTS) < 0) {
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
			c->wire.socket.readable = true; /* a request may have come just now */
			conn_run(c);
		}
		if (c->state == CONN_SHAKES_HANDS || (c->state == CONN_READS_HEAD && !c->in_len))
			conn_close(c);
	}
}
