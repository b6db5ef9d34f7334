/* SPDX-License-Identifier: MIT */
#include "dns_clients.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static void drop(struct dns_client *c)
{
	struct question *w = c->question;
	c->question = NULL;
	loop_close(c->all->loop, &c->source);
	timers_clear(&c->all->loop->timers, &c->timer);
	if (w)
		c->all->left(c->all->owner, w);
}

static void time_is_up(void *owner)
{
	drop(owner);
}

static void expect_question(struct dns_client *c)
{
	c->asked = false;
	c->question = NULL;
	c->len = 0;
	timers_set(&c->all->loop->timers, &c->timer, c->all->loop->now_ms + EGRESS_TCP_CLIENT_MS);
}

void dns_client_reply(struct dns_client *c, const uint8_t *bytes, size_t len)
{
	uint8_t out[2 + EGRESS_QUESTION_BYTES] = {(uint8_t)(len >> 8), (uint8_t)len};
	memcpy(out + 2, bytes, len);
	expect_question(c);
	/* There is room for it, or the client takes no answers. */
	if (send(c->source.fd, out, len + 2, MSG_NOSIGNAL) == (ssize_t)len + 2)
		loop_change(c->all->loop, &c->source, EPOLLIN);
	else
		drop(c);
}

static size_t expected(const struct dns_client *c)
{
	return c->len < 2 ? 2 : 2 + (size_t)(c->bytes[0] << 8 | c->bytes[1]);
}

static void take_bytes(void *owner, uint32_t events)
{
	struct dns_client *c = owner;
	(void)events;
	if (c->asked) { /* it is told all the same that the client is gone */
		drop(c);
		return;
	}
	ssize_t n = recv(c->source.fd, c->bytes + c->len, expected(c) - c->len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->len += n > 0 ? (size_t)n : 0;
	if (n <= 0 || expected(c) > sizeof(c->bytes) || (c->len == 2 && expected(c) == 2)) {
		drop(c);
		return;
	}
	if (c->len < expected(c))
		return;
	/* The answer may take longer than a client may be idle: the servers' time limits it. */
	timers_clear(&c->all->loop->timers, &c->timer);
	c->asked = true;
	loop_change(c->all->loop, &c->source, 0);
	if (!c->all->asks(c->all->owner, c, c->bytes + 2, c->len - 2))
		drop(c);
}

static void accept_client(void *owner, int fd)
{
	struct dns_clients *all = owner;
	for (size_t i = 0; i < EGRESS_TCP_CLIENTS; i++) {
		struct dns_client *c = &all->clients[i];
		if (c->source.fd >= 0)
			continue;
		if (loop_add(all->loop, &c->source, fd, EPOLLIN) < 0)
			break;
		expect_question(c);
		return;
	}
	listener_reset(fd);
}

int dns_clients_init(struct dns_clients *all, int fd, struct err *e)
{
	for (size_t i = 0; i < EGRESS_TCP_CLIENTS; i++) {
		struct dns_client *c = &all->clients[i];
		c->all = all;
		c->source = (struct loop_source){.fd = -1, .ready = take_bytes, .owner = c};
		c->timer = (struct timer){.fire = time_is_up, .owner = c};
	}
	return listener_init(&all->listener, all->loop, fd, accept_client, all, e);
}
