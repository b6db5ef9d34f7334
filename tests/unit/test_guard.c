/* SPDX-License-Identifier: MIT */
/* Who is connected, and what is remembered of wrong tokens. */
#include <stdlib.h>
#include <string.h>

#include "front/clients.h"
#include "front/guard.h"
#include "random.h"
#include "tap.h"

static struct clients clients;
static struct guard guard;

static struct addr address(unsigned n)
{
	return (struct addr){.family = 4,
			     .bytes = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct client *connect_one(unsigned n)
{
	struct addr a = address(n);
	struct client *one = clients_get(&clients, &a);
	one->connections++;
	return one;
}

/* Whether the address's place is there already. */
static bool is_known(unsigned n)
{
	struct addr a = address(n);
	for (size_t i = 0; i < FRONT_CLIENTS; i++)
		if (addr_equal(&clients.all[i].addr, &a))
			return true;
	return false;
}

static void start(uint64_t seed)
{
	clients = (struct clients){0};
	clients_init(&clients, seed);
}

static void test_places(void)
{
	start(1);
	struct client *one = connect_one(1), *two = connect_one(2);
	tap_ok(one != two && connect_one(1) == one, "an address has one place");
	tap_ok(clients_find_largest(&clients) == one, "the one with most connections");
	clients_put(&clients, one);
	tap_ok(is_known(1), "it stays while one of its connections does");
	clients_put(&clients, one);
	tap_ok(!is_known(1) && is_known(2), "and no longer");
	two->wrong = 1;
	clients_put(&clients, two);
	tap_ok(connect_one(2) == two && two->wrong == 1, "unless it has sent a wrong token");

	struct addr six = {.family = 6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}};
	struct client *net = clients_get(&clients, &six);
	six.bytes[8] = six.bytes[15] = 7;
	tap_ok(clients_get(&clients, &six) == net, "64 bits of IPv6 are one client");
	six.bytes[7] = 1;
	tap_ok(clients_get(&clients, &six) != net, "the next 64 are another");
	struct addr four = {.family = 4, .bytes = {0x20, 1, 0xd, 0xb8}};
	tap_ok(clients_get(&clients, &four) != net, "and IPv4 is none of them");
}

/* All that can be connected, and as many that have guessed. */
static void test_room(void)
{
	bool distinct = true, kept = true;
	start(UINT64_C(0x123456789abcdef));
	for (unsigned n = 0; n < FRONT_CLIENTS; n++) {
		struct client *one = connect_one(n);
		distinct = distinct && one->connections == 1;
		one->wrong = 1;
		one->wrong_ms = 1000 + (n * 7919) % FRONT_CLIENTS; /* each another time */
		if (n % 2)
			clients_put(&clients, one);
	}
	tap_ok(distinct, "%d addresses have a place each", FRONT_CLIENTS);
	unsigned oldest = 1;
	for (unsigned n = 3; n < FRONT_CLIENTS; n += 2)
		if ((n * 7919) % FRONT_CLIENTS < (oldest * 7919) % FRONT_CLIENTS)
			oldest = n;
	connect_one(FRONT_CLIENTS);
	tap_ok(!is_known(oldest), "the one that was wrong the longest time ago makes room");
	for (unsigned n = 0; n < FRONT_CLIENTS; n++)
		kept = kept && (n == oldest || is_known(n));
	tap_ok(kept && is_known(FRONT_CLIENTS), "and nobody else");
}

/* Addresses that meet in a bucket, taken out in each order. */
static void test_collisions(void)
{
	bool ok = true;
	start(0);
	uint64_t state = 3;
	static bool there[3 * FRONT_CLIENTS];
	static struct client *at[3 * FRONT_CLIENTS];
	size_t count = 0;
	for (unsigned step = 0; step < 200000; step++) {
		unsigned n = random_below(&state, 3 * FRONT_CLIENTS);
		if (there[n]) {
			struct addr a = address(n);
			ok = ok && addr_equal(&at[n]->addr, &a);
			clients_put(&clients, at[n]);
			there[n] = false;
			count--;
		} else if (count < FRONT_CLIENTS) {
			at[n] = connect_one(n);
			ok = ok && at[n]->connections == 1;
			there[n] = true;
			count++;
		}
	}
	size_t linked = 0, used = 0;
	for (size_t i = 0; i < FRONT_CLIENTS; i++) {
		used += clients.all[i].addr.family != 0;
		for (const struct client *one = clients.buckets[i]; one; one = one->next)
			linked++;
	}
	tap_ok(ok, "200000 addresses come and go, many to a bucket");
	tap_ok(linked == count && used == count,
	       "those that are there can be found, and no others");
}

static uint64_t hash(const char *token)
{
	return guard_hash(&guard, (struct http_text){token, strlen(token)});
}

static void test_hash(void)
{
	const uint8_t key[GUARD_KEY_BYTES] = {1}, other[GUARD_KEY_BYTES] = {2};
	guard_init(&guard, key);
	uint64_t one = hash("Bearer a");
	tap_ok(one != 0 && one == hash("Bearer a") && one != hash("Bearer b"), "tokens differ");
	tap_ok(hash("") != 0, "none at all is one, too");
	guard_init(&guard, other);
	tap_ok(one != hash("Bearer a"), "the key counts");
}

/* Milliseconds that each next one waits, all asked at once. */
static bool waits(struct client *one, uint64_t now_ms, const int64_t *expected, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t ms = guard_wait_ms(&guard, one, 1, now_ms);
		if (ms != expected[i]) {
			tap_note("%zu: %lld, not %lld", i, (long long)ms, (long long)expected[i]);
			return false;
		}
	}
	return true;
}

static void test_waits(void)
{
	static const int64_t none[] = {0, 0, 0}, first[] = {100, 200, 300}, second[] = {200, 400},
			     last[] = {5000, 10000, 15000, 20000, -1, -1}, later[] = {0, 5000},
			     pushed[] = {10000, 15000, 20000, -1};
	struct client one = {.connections = 1};
	bool counted = true;
	guard = (struct guard){.next = 0};
	for (unsigned n = 1; n < FRONT_GUESSES; n++)
		counted = guard_note_wrong(&guard, &one, 1, 1000) == n && counted;
	tap_ok(counted && waits(&one, 1000, none, 3), "%d wrong tokens are a mistake",
	       FRONT_GUESSES - 1);
	guard_note_wrong(&guard, &one, 1, 1000);
	tap_ok(waits(&one, 1000, first, 3), "the next makes all wait, one behind the other");
	guard_note_wrong(&guard, &one, 1, 2000);
	tap_ok(waits(&one, 2000, second, 2), "and one more, twice as long");
	for (int n = 0; n < 100; n++)
		guard_note_wrong(&guard, &one, 1, 3000);
	tap_ok(waits(&one, 3000, last, 6), "5 s are the most, and what would wait 20 s is refused");
	tap_ok(waits(&one, 28000, later, 2), "when all have had their turn there is one at once");
	guard_note_wrong(&guard, &one, 1, 28000);
	tap_ok(waits(&one, 28000, pushed, 4), "those that wait do so behind one another");
	guard_note_good(&guard, 7);
	tap_ok(guard_wait_ms(&guard, &one, 7, 28000) == 0, "a token that was right doesn't wait");
	guard_note_wrong(&guard, &one, 7, 28000);
	tap_ok(guard_wait_ms(&guard, &one, 7, 28000) != 0, "until it is wrong");
	tap_ok(guard_wait_ms(&guard, &one, 1, 28000 + FRONT_GUESS_FORGET_MS) < 20000,
	       "they are remembered for that time");
	tap_ok(waits(&one, 28001 + FRONT_GUESS_FORGET_MS, none, 3) && one.wrong == 0,
	       "and no longer");
	one.wrong = UINT32_MAX;
	tap_ok(guard_note_wrong(&guard, &one, 1, 1) == UINT32_MAX, "the count doesn't run over");
}

static void test_good(void)
{
	struct client one = {.wrong = 100, .wrong_ms = 1000, .next_try_ms = 2000};
	bool ok = true;
	guard = (struct guard){.next = 0};
	for (uint64_t n = 1; n <= FRONT_GOOD_TOKENS; n++)
		for (int twice = 0; twice < 2; twice++)
			guard_note_good(&guard, n);
	for (uint64_t n = 1; n <= FRONT_GOOD_TOKENS; n++)
		ok = ok && guard_wait_ms(&guard, &one, n, 1000) == 0;
	tap_ok(ok, "%d good tokens are known", FRONT_GOOD_TOKENS);
	guard_note_good(&guard, FRONT_GOOD_TOKENS + 1);
	tap_ok(guard_wait_ms(&guard, &one, 1, 1000) > 0, "one more drops the first");
	tap_ok(guard_wait_ms(&guard, &one, 2, 1000) == 0, "not the second");
}

int main(void)
{
	test_places();
	test_room();
	test_collisions();
	test_hash();
	test_waits();
	test_good();
	return tap_done();
}
