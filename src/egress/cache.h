/* SPDX-License-Identifier: MIT */
/* What servers said of names, for as long as they said it holds, within bounds. */
#ifndef SQUASH_EGRESS_CACHE_H
#define SQUASH_EGRESS_CACHE_H

#include "dns.h"
#include "limits.h"
#include "name_index.h"

enum found {
	FOUND_ADDRS,
	FOUND_NONE,    /* the name exists, and has no address */
	FOUND_NO_NAME, /* it doesn't exist */
	FOUND_FAILED,  /* nobody could say */
};

/* What is known of a name. Addresses are all of one family. */
struct finding {
	enum found what;
	size_t count;
	struct addr addrs[DNS_ADDRS_MAX];
};

struct cache {
	struct name_index index;
	struct name_entry entries[EGRESS_CACHE];
	uint16_t heads[EGRESS_CACHE];
	struct finding findings[EGRESS_CACHE];
	uint64_t until_ms[EGRESS_CACHE]; /* clock_mono_ms() */
};

/* seed: anything that the sandbox does not know. */
void cache_init(struct cache *c, uint32_t seed);

/* What is known of the name; NULL: nothing. It holds until cache_put. */
const struct finding *cache_find(struct cache *c, const char *name, uint64_t now_ms);

/* ttl_s: seconds that it holds, as the server says. */
void cache_put(struct cache *c, const char *name, const struct finding *f, uint32_t ttl_s,
	       uint64_t now_ms);

#endif
