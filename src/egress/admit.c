/* SPDX-License-Identifier: MIT */
/* Whether a connection may go where it wants to. At the web's ports it must say by which name: what
 * has an address in common with an allowed name isn't allowed for that. */
#include "admit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "dial.h"

static bool is_literal(const struct connection *c)
{
	return c->name < 0;
}

const char *connection_refusal(const struct connection *c)
{
	const struct relay *r = c->relay;
	const char *reason = NULL;
	if (!is_literal(c))
		reason = policy_refuses_name(r->policy, names_text(r->names, c->name), c->port);
	else if (names_is_synthetic(&c->dest))
		reason = "unknown address"; /* of a name long forgotten, or never told */
	else
		reason = policy_refuses_addr(r->policy, &c->dest, c->port);
	if (!reason && c->asked[0] != '\0')
		reason = policy_refuses_name(r->policy, c->asked, c->port);
	return reason;
}

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
	if (is_literal(c)) {
		c->addrs[0] = c->dest;
		c->addr_count = 1;
		connection_dial(c);
		return;
	}
	c->waiter.found = found;
	c->waiter.owner = c;
	const struct finding *f =
		upstream_ask(r->upstream, names_text(r->names, c->name), &c->waiter);
	if (f)
		found(c, f);
}

/* NULL, or what is wrong with what the first bytes say. */
static const char *judge(struct connection *c, enum sniff_result result, const struct sniff *s)
{
	switch (result) {
	case SNIFF_NAME:
		memcpy(c->asked, s->name, sizeof(c->asked));
		return connection_refusal(c);
	case SNIFF_ADDRESS:
		/* By the address that it dialled, if it dialled one. */
		return is_literal(c) && addr_equal(&s->addr, &c->dest) ? NULL : "name not allowed";
	case SNIFF_NONE:
		return is_literal(c) ? NULL : "no server name";
	case SNIFF_MORE:
	case SNIFF_BAD:
		break;
	}
	return "neither TLS nor HTTP";
}

void connection_sniff(struct connection *c)
{
	struct sniff s;
	enum sniff_result result = SNIFF_MORE;
	while (result == SNIFF_MORE) {
		ssize_t n = recv(c->sandbox.source.fd, c->head + c->head_len,
				 SNIFF_BYTES - c->head_len, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			connection_refuse(c, "no server name");
			return;
		}
		c->head_len += (size_t)n;
		result = sniff_read(c->head, c->head_len, &s);
	}
	const char *reason = judge(c, result, &s);
	if (reason)
		connection_refuse(c, reason);
	else
		resolve(c);
}

void connection_admit(struct connection *c)
{
	const char *reason = connection_refusal(c);
	if (reason) {
		connection_refuse(c, reason);
	} else if (c->port == 80 || c->port == 443) {
		struct loop *l = c->relay->loop;
		c->state = CONNECTION_SNIFFS;
		timers_set(&l->timers, &c->timer, l->now_ms + EGRESS_FIRST_MS);
	} else {
		resolve(c);
	}
}
