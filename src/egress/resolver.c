/* SPDX-License-Identifier: MIT */
#include "resolver.h"

#include <errno.h>

#include "dns.h"

#define CLASS_INTERNET 1

static void reply(struct resolver *r, const struct asker *to, const uint8_t *bytes, size_t len)
{
	if (to->client)
		dns_client_reply(to->client, bytes, len);
	else
		/* One that doesn't get it asks again. */
		sendto(r->udp.fd, bytes, len, 0, (const struct sockaddr *)&to->from,
		       sizeof(to->from));
}

static void answer(struct resolver *r, const struct asker *to, const struct dns_question *q,
		   enum dns_code code, const struct addr *addr)
{
	uint8_t out[DNS_UDP_BYTES];
	reply(r, to, out, dns_write_answer(q, code, addr, EGRESS_NAME_TTL_S, out));
}

/* NULL, or why nothing is said of it. */
static const char *refusal_of(const struct resolver *r, const struct dns_question *q)
{
	if (!q->has_name)
		return "no host name";
	if (q->class_ != CLASS_INTERNET)
		return "not of the internet";
	return policy_refuses_name(r->policy, q->name, 0);
}

static void deny(struct resolver *r, const struct asker *to, const struct dns_question *q,
		 const char *reason)
{
	netlog_lookup(r->log, q->name, q->type, "denied", reason);
	answer(r, to, q, DNS_NXDOMAIN, NULL);
}

static void answer_found(struct resolver *r, const struct asker *to, const struct dns_question *q,
			 const struct finding *f)
{
	struct addr synthetic;
	const char *refusal = refusal_of(r, q); /* the policy may be another by now */
	if (refusal) {
		deny(r, to, q, refusal);
		return;
	}
	switch (f->what) {
	case FOUND_ADDRS:
		netlog_lookup(r->log, q->name, q->type, "ok", NULL);
		names_give(r->names, q->name, &synthetic);
		answer(r, to, q, DNS_OK, &synthetic);
		break;
	case FOUND_NONE:
		netlog_lookup(r->log, q->name, q->type, "ok", "no address");
		answer(r, to, q, DNS_OK, NULL);
		break;
	case FOUND_NO_NAME:
		netlog_lookup(r->log, q->name, q->type, "nxdomain", NULL);
		answer(r, to, q, DNS_NXDOMAIN, NULL);
		break;
	case FOUND_FAILED:
		netlog_lookup(r->log, q->name, q->type, "failed", "no answer from the servers");
		answer(r, to, q, DNS_SERVFAIL, NULL);
		break;
	}
}

static void give_back(struct question *w)
{
	w->next_free = w->resolver->free_questions;
	w->resolver->free_questions = w;
}

static void found(void *owner, const struct finding *f)
{
	struct question *w = owner;
	answer_found(w->resolver, &w->asker, &w->q, f);
	give_back(w);
}

/* Answered at once, or when the servers have answered. */
static void look_up(struct resolver *r, const struct asker *asker, const struct dns_question *q)
{
	struct question *w = r->free_questions;
	if (!w) {
		netlog_lookup(r->log, q->name, q->type, "failed", "too many questions");
		answer(r, asker, q, DNS_SERVFAIL, NULL);
		return;
	}
	const struct finding *f = upstream_ask(r->upstream, q->name, &w->waiter);
	if (f) {
		answer_found(r, asker, q, f);
		return;
	}
	r->free_questions = w->next_free;
	w->asker = *asker;
	w->q = *q;
	if (asker->client)
		asker->client->question = w;
}

/* False: it isn't worth an answer. */
static bool ask(struct resolver *r, const struct asker *asker, const uint8_t *bytes, size_t len)
{
	struct dns_question q;
	uint8_t out[DNS_UDP_BYTES];
	int code = dns_read_question(bytes, len, &q);
	if (code < 0)
		return false;
	if (code > 0) {
		reply(r, asker, out, dns_write_error(q.id, (enum dns_code)code, out));
		return true;
	}
	const char *refusal = refusal_of(r, &q);
	if (refusal) {
		deny(r, asker, &q, refusal);
	} else if (q.type != DNS_A) {
		/* The sandbox reaches everything by IPv4, and by TCP. */
		netlog_lookup(r->log, q.name, q.type, "ok", "no record of that type");
		answer(r, asker, &q, DNS_OK, NULL);
	} else {
		look_up(r, asker, &q);
	}
	return true;
}

static void take_datagrams(void *owner, uint32_t events)
{
	struct resolver *r = owner;
	uint8_t bytes[EGRESS_QUESTION_BYTES];
	(void)events;
	for (int i = 0; i < LOOP_BURST; i++) {
		struct asker asker = {.client = NULL};
		socklen_t len = sizeof(asker.from);
		ssize_t n = recvfrom(r->udp.fd, bytes, sizeof(bytes), 0,
				     (struct sockaddr *)&asker.from, &len);
		if (n < 0)
			return;
		ask(r, &asker, bytes, (size_t)n);
	}
}

static bool client_asks(void *owner, struct dns_client *c, const uint8_t *bytes, size_t len)
{
	const struct asker asker = {.client = c};
	return ask(owner, &asker, bytes, len);
}

static void client_left(void *owner, struct question *w)
{
	(void)owner;
	upstream_leave(&w->waiter);
	give_back(w);
}

int resolver_init(struct resolver *r, int udp_fd, int tcp_fd, struct err *e)
{
	for (size_t i = EGRESS_QUESTIONS; i > 0; i--) {
		struct question *w = &r->questions[i - 1];
		w->resolver = r;
		w->waiter.found = found;
		w->waiter.owner = w;
		give_back(w);
	}
	r->udp = (struct loop_source){.fd = -1, .ready = take_datagrams, .owner = r};
	int rc = loop_add(r->loop, &r->udp, udp_fd, EPOLLIN);
	if (rc < 0)
		return err_set(e, -rc, "watch the resolver's socket");
	r->clients.loop = r->loop;
	r->clients.asks = client_asks;
	r->clients.left = client_left;
	r->clients.owner = r;
	return dns_clients_init(&r->clients, tcp_fd, e);
}
