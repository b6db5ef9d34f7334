/* SPDX-License-Identifier: MIT */
/* The addresses that are connected, or have guessed tokens lately: what each of them has, and where
 * it waits. Of IPv6 a network of 64 bits counts as one: it is what one customer gets (RFC 6177). */
#ifndef SQUASH_FRONT_CLIENTS_H
#define SQUASH_FRONT_CLIENTS_H

#include "lib/addr.h"
#include "limits.h"
#include "turns.h"

struct client {
	struct addr addr; /* family 0: a free place */
	struct client *next;
	unsigned connections, requests, uploads; /* that are there, or under way */
	struct turns_line handshakes, small, large;
	/* Wrong tokens. */
	unsigned wrong;
	uint64_t wrong_ms;    /* the last one's time */
	uint64_t next_try_ms; /* when the next token may be tried */
};

struct clients {
	uint64_t seed;
	struct client *buckets[FRONT_CLIENTS];
	struct client all[FRONT_CLIENTS];
};

void clients_init(struct clients *c, uint64_t seed);

/* The address's place, made if there is none. It stays as long as connections is not 0, or there
 * are wrong tokens to remember. Of those with nothing but that, the one that was wrong the longest
 * time ago makes room. */
struct client *clients_get(struct clients *c, const struct addr *addr);

/* The one that has most connections. There must be one. */
const struct client *clients_find_largest(const struct clients *c);

/* It has a connection less: give the place back if nothing is left to remember of it. */
void clients_put(struct clients *c, struct client *one);

#endif
