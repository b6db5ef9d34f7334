/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <bearssl_hash.h>
#include <string.h>

void guard_init(struct guard *g, const uint8_t key[GUARD_KEY_BYTES])
{
	memcpy(g->key, key, GUARD_KEY_BYTES);
}

uint64_t guard_hash(const struct guard *g, struct http_text authorization)
{
	br_sha256_context sha;
	uint8_t out[br_sha256_SIZE];
	uint64_t hash;
	br_sha256_init(&sha);
	br_sha256_update(&sha, g->key, sizeof(g->key));
	br_sha256_update(&sha, authorization.at, authorization.len);
	br_sha256_out(&sha, out);
	memcpy(&hash, out, sizeof(hash));
	return hash ? hash : 1;
}

/* Its place among those that were right; FRONT_GOOD_TOKENS: it has none. */
static size_t find_good(const struct guard *g, uint64_t hash)
{
	size_t i = 0;
	while (i < FRONT_GOOD_TOKENS && g->good[i] != hash)
		i++;
	return i;
}

/* Between one try and the next, after so many wrong ones. */
static uint64_t distance_ms(unsigned wrong)
{
	uint64_t ms = FRONT_GUESS_MS_MIN;
	for (unsigned n = FRONT_GUESSES; n < wrong && ms < FRONT_GUESS_MS_MAX; n++)
		ms *= 2;
	return ms < FRONT_GUESS_MS_MAX ? ms : FRONT_GUESS_MS_MAX;
}

int64_t guard_wait_ms(const struct guard *g, struct client *one, uint64_t hash, uint64_t now_ms)
{
	if (one->wrong > 0 && now_ms - one->wrong_ms > FRONT_GUESS_FORGET_MS)
		one->wrong = 0;
	if (one->wrong < FRONT_GUESSES || find_good(g, hash) < FRONT_GOOD_TOKENS)
		return 0;
	uint64_t at_ms = one->next_try_ms > now_ms ? one->next_try_ms : now_ms;
	if (at_ms - now_ms > FRONT_GUESS_WAIT_MS)
		return -1;
	one->next_try_ms = at_ms + distance_ms(one->wrong);
	return (int64_t)(at_ms - now_ms);
}

void guard_note_good(struct guard *g, uint64_t hash)
{
	if (find_good(g, hash) < FRONT_GOOD_TOKENS)
		return;
	g->good[g->next] = hash;
	g->next = (g->next + 1) % FRONT_GOOD_TOKENS;
}

unsigned guard_note_wrong(struct guard *g, struct client *one, uint64_t hash, uint64_t now_ms)
{
	size_t was_good = find_good(g, hash);
	if (was_good < FRONT_GOOD_TOKENS) /* it was taken away meanwhile */
		g->good[was_good] = 0;
	if (one->wrong < UINT32_MAX)
		one->wrong++;
	one->wrong_ms = now_ms;
	/* The first that waits does so for the whole distance. */
	if (one->wrong >= FRONT_GUESSES && one->next_try_ms < now_ms + distance_ms(one->wrong))
		one->next_try_ms = now_ms + distance_ms(one->wrong);
	return one->wrong;
}
