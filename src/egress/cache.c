/* SPDX-License-Identifier: MIT */
#include "cache.h"

void cache_init(struct cache *c, uint32_t seed)
{
	name_index_init(&c->index, c->entries, c->heads, EGRESS_CACHE, seed);
}

const struct finding *cache_find(struct cache *c, const char *name, uint64_t now_ms)
{
	int number = name_index_find(&c->index, name);
	return number < 0 || c->until_ms[number] <= now_ms ? NULL : &c->findings[number];
}

static uint64_t lifetime_ms(const struct finding *f, uint32_t ttl_s)
{
	uint64_t ms = (uint64_t)ttl_s * 1000;
	if (f->what != FOUND_ADDRS)
		return EGRESS_NEGATIVE_MS;
	if (ms < EGRESS_CACHE_MS_MIN)
		return EGRESS_CACHE_MS_MIN;
	return ms > EGRESS_CACHE_MS_MAX ? EGRESS_CACHE_MS_MAX : ms;
}

void cache_put(struct cache *c, const char *name, const struct finding *f, uint32_t ttl_s,
	       uint64_t now_ms)
{
	int number = name_index_find(&c->index, name);
	if (number < 0)
		number = name_index_add(&c->index, name);
	c->findings[number] = *f;
	c->until_ms[number] = now_ms + lifetime_ms(f, ttl_s);
}
