/* SPDX-License-Identifier: MIT */
#include "clients.h"

#include <string.h>

void clients_init(struct clients *c, uint64_t seed)
{
	c->seed = seed;
}

static struct client **bucket_of(struct clients *c, const struct addr *addr)
{
	/* FNV-1a; the seed is secret, so that nobody can choose addresses that meet. */
	uint64_t hash = c->seed ^ addr->family;
	for (size_t i = 0; i < sizeof(addr->bytes); i++)
		hash = (hash ^ addr->bytes[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 32;
	return &c->buckets[hash % FRONT_CLIENTS];
}

static void drop(struct clients *c, struct client *one)
{
	struct client **at = bucket_of(c, &one->addr);
	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
	*one = (struct client){0};
}

/* There are more places than connections: one of them is free, or kept for its wrong tokens. */
static struct client *find_room(struct clients *c)
{
	struct client *oldest = &c->all[0];
	for (size_t i = 0; i < FRONT_CLIENTS; i++) {
		struct client *one = &c->all[i];
		if (one->addr.family == 0)
			return one;
		if (one->connections == 0 &&
		    (oldest->connections > 0 || one->wrong_ms < oldest->wrong_ms))
			oldest = one;
	}
	drop(c, oldest);
	return oldest;
}

struct client *clients_get(struct clients *c, const struct addr *addr)
{
	_Static_assert(FRONT_CLIENTS > FRONT_CONNECTIONS, "find_room relies on it");
	struct addr key = *addr;
	if (key.family == 6)
		memset(key.bytes + 8, 0, 8);
	struct client **bucket = bucket_of(c, &key);
	for (struct client *one = *bucket; one; one = one->next)
		if (addr_equal(&one->addr, &key))
			return one;
	struct client *one = find_room(c);
	bucket = bucket_of(c, &key);
	*one = (struct client){.addr = key, .next = *bucket};
	*bucket = one;
	return one;
}

const struct client *clients_find_largest(const struct clients *c)
{
	const struct client *largest = &c->all[0];
	for (size_t i = 1; i < FRONT_CLIENTS; i++)
		if (c->all[i].connections > largest->connections)
			largest = &c->all[i];
	return largest;
}

void clients_put(struct clients *c, struct client *one)
{
	if (--one->connections == 0 && one->wrong == 0)
		drop(c, one);
}
