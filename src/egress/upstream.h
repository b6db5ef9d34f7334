/* SPDX-License-Identifier: MIT */
/* Addresses of names, from the operator's servers: several of them, each more than once; one lookup
 * however many ask for the name, a few at once; kept for as long as the servers say. */
#ifndef SQUASH_EGRESS_UPSTREAM_H
#define SQUASH_EGRESS_UPSTREAM_H

#include "attempt.h"
#include "cache.h"
#include "lib/loop.h"
#include "limits.h"
#include "policy.h"

/* Somebody who waits for a lookup. */
struct waiter {
	void (*found)(void *owner, const struct finding *f); /* f is good until it returns */
	void *owner;
	struct waiter *next, **at; /* at: what points to it; NULL: it doesn't wait */
};

struct lookup {
	struct upstream *upstream;
	bool used;
	bool asks;              /* servers, now; otherwise it waits for its turn */
	uint64_t number;        /* of those that came before it */
	struct waiter *waiters; /* NULL: nobody waits any more, but the cache will have it */
	char name[ALLOW_NAME_BYTES + 1];
	enum dns_type type;
	size_t first, attempts; /* servers asked for that type, from the first on */
	struct attempt attempt;
};

struct upstream {
	struct loop *loop;
	const struct policy *policy;
	size_t first; /* to be asked: the server that answered last */
	struct cache cache;
	struct attempt_rooms rooms;
	size_t asking, waiting; /* lookups */
	uint64_t number;        /* of lookups so far */
	struct lookup lookups[EGRESS_LOOKUPS];
};

/* loop and policy are borrowed for good. seed: as cache_init's. */
void upstream_init(struct upstream *u, struct loop *loop, const struct policy *policy,
		   uint32_t seed);

/* What is known of a name that the policy allows; NULL: w->found will be called. */
const struct finding *upstream_ask(struct upstream *u, const char *name, struct waiter *w);

/* w, if it waits, doesn't wait any more. */
void upstream_leave(struct waiter *w);

/* Give up the lookups of names that aren't allowed any more: nothing more of them leaves. */
void upstream_policy_changed(struct upstream *u);

#endif
