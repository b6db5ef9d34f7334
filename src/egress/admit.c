/* SPDX-License-Identifier: MIT */
/* Whether a connection may go where it wants to: judge.h says so, of what it has dialled, and at
 * the web's ports of what it asks for. */
#include "admit.h"

#include <string.h>

#include "dial.h"

static void found(void *owner, const struct finding *f)
{
	static const char *const reasons[] = {
		[FOUND_ADDRS] = NULL,
		[FOUND_NONE] = "no address",
		[FOUND_NO_NAME] = "no such name",
		[FOUND_FAILED] = "lookup failed",
	};
	struct connection *c = owner;
	if (reasons[f->what]) {
		connection_refuse(c, reasons[f->what]);
		return;
	}
	memcpy(c->addrs, f->addrs, sizeof(c->addrs));
	c->addr_count = f->count;
	connection_dial(c);
}

static void resolve(struct connection *c)
{
	struct relay *r = c->relay;
	timers_clear(&r->loop->timers, &c->timer); /* a lookup has its own limits */
	c->state = CONNECTION_RESOLVES;
	if (errand_is_literal(&c->errand)) {
		c->addrs[0] = c->errand.dest;
		c->addr_count = 1;
		connection_dial(c);
		return;
	}
	c->waiter.found = found;
	c->waiter.owner = c;
	const struct finding *f =
		upstream_ask(r->upstream, names_text(r->names, c->errand.name), &c->waiter);
	if (f)
		found(c, f);
}

void connection_read(struct connection *c)
{
	const struct relay *r = c->relay;
	const struct inspect_says *says = &c->feed.inspect.says;
	const char *reason = "no server name";
	switch (feed_client(&c->feed, &c->up)) {
	case FEED_WAITS:
		return;
	case FEED_ASKS:
		reason = judge_asked(&c->errand, &says->asked, r->policy);
		break;
	case FEED_REFUSES:
		reason = says->reason;
		break;
	case FEED_ENDS:
	case FEED_BROKEN:
	case FEED_GOES: /* never before it has asked */
		break;
	}
	if (reason)
		connection_refuse(c, reason);
	else
		resolve(c);
}

void connection_admit(struct connection *c)
{
	const struct relay *r = c->relay;
	struct errand *e = &c->errand;
	const char *reason = judge_errand(e, r->policy, r->names);
	c->is_inspected = e->port == 80 || e->port == 443;
	if (reason) {
		connection_refuse(c, reason);
	} else if (c->is_inspected) {
		struct loop *l = r->loop;
		c->state = CONNECTION_ASKS;
		timers_set(&l->timers, &c->timer, l->now_ms + EGRESS_FIRST_MS);
	} else {
		resolve(c);
	}
}
