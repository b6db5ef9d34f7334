/* SPDX-License-Identifier: MIT */
/* Those who ask the resolver by TCP (RFC 7766): one question at a time of each. */
#ifndef SQUASH_EGRESS_DNS_CLIENTS_H
#define SQUASH_EGRESS_DNS_CLIENTS_H

#include "lib/listener.h"
#include "lib/loop.h"
#include "limits.h"

struct question;

struct dns_client {
	struct dns_clients *all;
	struct loop_source source; /* fd -1: the place is free */
	struct timer timer;
	bool asked;                /* no answer yet */
	struct question *question; /* the resolver's, while it waits; NULL: none */
	size_t len;
	uint8_t bytes[2 + EGRESS_QUESTION_BYTES]; /* behind its length: RFC 1035 4.2.2 */
};

struct dns_clients {
	struct loop *loop;
	/* A question: dns_client_reply is called, now or later. False: it isn't worth an answer. */
	bool (*asks)(void *owner, struct dns_client *c, const uint8_t *bytes, size_t len);
	/* Nobody waits for that answer any more. */
	void (*left)(void *owner, struct question *w);
	void *owner;
	struct listener listener;
	struct dns_client clients[EGRESS_TCP_CLIENTS];
};

/* loop, asks, left and owner are set. fd, which listens, is borrowed for good. 0 or -errno with e
 * filled. */
int dns_clients_init(struct dns_clients *all, int fd, struct err *e);

void dns_client_reply(struct dns_client *c, const uint8_t *bytes, size_t len);

#endif
