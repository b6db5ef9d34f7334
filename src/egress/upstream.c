/* SPDX-License-Identifier: MIT */
#include "upstream.h"

#include <string.h>

static const struct finding failed = {.what = FOUND_FAILED};

static void leave(struct waiter *w)
{
	*w->at = w->next;
	if (w->next)
		w->next->at = w->at;
	w->at = NULL;
}

static void join(struct lookup *l, struct waiter *w)
{
	w->next = l->waiters;
	w->at = &l->waiters;
	if (w->next)
		w->next->at = &w->next;
	l->waiters = w;
}

/* Those who come for the same name meanwhile find it in the cache, or begin another lookup: the
 * waiters are taken off first. */
static void finish(struct lookup *l, const struct finding *f)
{
	struct waiter *all = l->waiters;
	if (l->asks)
		l->upstream->asking--;
	else
		l->upstream->waiting--;
	l->waiters = NULL;
	l->used = l->asks = false;
	if (all)
		all->at = &all;
	while (all) {
		struct waiter *w = all;
		leave(w);
		w->found(w->owner, f);
	}
}

static void finish_and_keep(struct lookup *l, const struct dns_answer *answer)
{
	struct upstream *u = l->upstream;
	struct finding f = {.what = FOUND_ADDRS, .count = answer->count};
	memcpy(f.addrs, answer->addrs, sizeof(f.addrs));
	if (answer->code == DNS_NXDOMAIN)
		f.what = FOUND_NO_NAME;
	else if (answer->count == 0)
		f.what = FOUND_NONE;
	cache_put(&u->cache, l->name, &f, answer->ttl, u->loop->now_ms);
	finish(l, &f);
}

/* The index of the server whose turn it is. */
static size_t turn_of(const struct lookup *l)
{
	return (l->first + l->attempts) % l->upstream->policy->server_count;
}

/* Ask the next server that can be asked. */
static void ask_next(struct lookup *l)
{
	const struct policy *p = l->upstream->policy;
	for (; l->attempts < EGRESS_ROUNDS * p->server_count; l->attempts++)
		if (attempt_begin(&l->attempt, &p->servers[turn_of(l)], p->device, l->name,
				  l->type) == 0)
			return;
	finish(l, &failed);
}

/* Ask for records of that type, beginning with the server that is known to answer. */
static void ask_for(struct lookup *l, enum dns_type type)
{
	l->type = type;
	l->first = l->upstream->first;
	l->attempts = 0;
	ask_next(l);
}

static void begin(struct lookup *l)
{
	l->asks = true;
	l->upstream->asking++;
	ask_for(l, DNS_A);
}

static struct lookup *find_oldest_waiting(struct upstream *u)
{
	struct lookup *oldest = NULL;
	for (size_t i = 0; u->waiting > 0 && i < EGRESS_LOOKUPS; i++) {
		struct lookup *l = &u->lookups[i];
		if (l->used && !l->asks && (!oldest || l->number < oldest->number))
			oldest = l;
	}
	return oldest;
}

/* Called at the end of whatever may have ended lookups. */
static void begin_waiting(struct upstream *u)
{
	struct lookup *l;
	while (u->asking < EGRESS_LOOKUPS_ASKED && (l = find_oldest_waiting(u)) != NULL) {
		u->waiting--;
		begin(l);
	}
}

static void answered(void *owner, const struct dns_answer *answer)
{
	struct lookup *l = owner;
	bool is_good = answer && (answer->code == DNS_OK || answer->code == DNS_NXDOMAIN);
	if (is_good && l->upstream->policy->server_count > 0) /* may be other ones by now */
		l->upstream->first = turn_of(l);
	if (!is_good) {
		l->attempts++;
		ask_next(l);
	} else if (answer->code == DNS_OK && answer->count == 0 && l->type == DNS_A) {
		ask_for(l, DNS_AAAA);
	} else {
		finish_and_keep(l, answer);
	}
	begin_waiting(l->upstream);
}

void upstream_init(struct upstream *u, struct loop *loop, const struct policy *policy,
		   uint32_t seed)
{
	u->loop = loop;
	u->policy = policy;
	cache_init(&u->cache, seed);
	for (size_t i = 0; i < EGRESS_LOOKUPS; i++) {
		struct lookup *l = &u->lookups[i];
		l->upstream = u;
		attempt_init(&l->attempt, loop, &u->rooms, answered, l);
	}
}

static struct lookup *find_lookup(struct upstream *u, const char *name)
{
	struct lookup *unused = NULL;
	for (size_t i = 0; i < EGRESS_LOOKUPS; i++) {
		struct lookup *l = &u->lookups[i];
		if (l->used && strcmp(l->name, name) == 0)
			return l;
		if (!unused && !l->used)
			unused = l;
	}
	return unused;
}

const struct finding *upstream_ask(struct upstream *u, const char *name, struct waiter *w)
{
	const struct finding *known = cache_find(&u->cache, name, u->loop->now_ms);
	struct lookup *l = known ? NULL : find_lookup(u, name);
	if (known || !l)
		return known ? known : &failed;
	if (!l->used) {
		l->used = true;
		memcpy(l->name, name, strlen(name) + 1);
		l->number = u->number++;
		if (u->waiting == 0 && u->asking < EGRESS_LOOKUPS_ASKED)
			begin(l);
		else
			u->waiting++;
	}
	if (!l->used)
		return &failed; /* there is no server, or no way to any */
	join(l, w);
	return NULL;
}

void upstream_leave(struct waiter *w)
{
	if (w->at)
		leave(w);
}

void upstream_policy_changed(struct upstream *u)
{
	for (size_t i = 0; i < EGRESS_LOOKUPS; i++) {
		struct lookup *l = &u->lookups[i];
		if (!l->used || !policy_refuses_name(u->policy, l->name, 0))
			continue;
		attempt_end(&l->attempt);
		finish(l, &failed);
	}
	begin_waiting(u);
}
