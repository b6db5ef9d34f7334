/* SPDX-License-Identifier: MIT */
/* Against guessing tokens: wrong ones make what their address sends wait, but for requests with a
 * token that was right lately. Tokens themselves are not kept, but a hash with a secret key. */
#ifndef SQUASH_FRONT_GUARD_H
#define SQUASH_FRONT_GUARD_H

#include "clients.h"
#include "lib/http_head.h"

#define GUARD_KEY_BYTES 32

struct guard {
	uint8_t key[GUARD_KEY_BYTES];
	uint64_t good[FRONT_GOOD_TOKENS]; /* hashes; 0: none */
	size_t next;
};

/* Fill the key, from random bytes. */
void guard_init(struct guard *g, const uint8_t key[GUARD_KEY_BYTES]);

/* The hash of an Authorization field, never 0. */
uint64_t guard_hash(const struct guard *g, struct http_text authorization);

/* Milliseconds that a request of this client with this token must wait, for which a turn is then
 * taken; -1: too many wait before it. */
int64_t guard_wait_ms(const struct guard *g, struct client *one, uint64_t hash, uint64_t now_ms);

/* The token was right, or wrong: of one that was wrong, how many that makes. */
void guard_note_good(struct guard *g, uint64_t hash);
unsigned guard_note_wrong(struct guard *g, struct client *one, uint64_t hash, uint64_t now_ms);

#endif
