/* SPDX-License-Identifier: MIT */
#include "init/net/rdnss.h"

#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "tap.h"

#define DB8(n) 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (n)
#define FOR(seconds) 0, 0, 0, 0, 0, (seconds)

static const uint8_t two[] = {25, 5, FOR(60), DB8(1), DB8(2)};
static const uint8_t third[] = {/* a source link-layer address, a search list */
				1,   1, 2, 3, 4, 5, 6, 7,  31, 2,      FOR(60), 1,
				'a', 0, 0, 0, 0, 0, 0, 25, 3,  FOR(9), DB8(3)};
static const uint8_t fourth[] = {25, 3, FOR(60), DB8(4)};
static const uint8_t prefix[] = {31, 1, FOR(60), 3, 1, FOR(60)};
static const uint8_t first_goes[] = {25, 3, FOR(0), DB8(1)};
static const uint8_t for_ever[] = {25, 3, 0, 0, 255, 255, 255, 255, DB8(2)};
static const uint8_t local[] = {25, 5, FOR(60), 0xfe, 0x80, 0, 0, 0, 0, 0,
				0,  0, 0,       0,    0,    0, 0, 0, 1, DB8(9)};
static const uint8_t endless[] = {25, 0, FOR(9)};
static const uint8_t cut[] = {25, 3, FOR(9), 0x20, 1};
static const uint8_t odd[] = {25, 2, FOR(9), 1, 2, 3, 4, 5, 6, 7, 8};

/* Take in these bytes, which end where memory does. */
static bool take(struct rdnss *r, const uint8_t *bytes, size_t len, uint64_t now_ms)
{
	uint8_t *exact = exact_copy(bytes, len);
	bool changed = rdnss_take(r, exact, len, now_ms);
	free(exact);
	return changed;
}

/* Whether the servers are those that end in these bytes. */
static bool are(const struct rdnss *r, const char *ends)
{
	size_t len = strlen(ends);
	for (size_t i = 0; i < RDNSS_MAX; i++) {
		if (i >= len
			    ? r->servers[i].family != 0
			    : r->servers[i].family != 6 || (char)r->servers[i].bytes[15] != ends[i])
			return false;
	}
	return true;
}

static void test_order(struct rdnss *r)
{
	tap_ok(take(r, two, sizeof(two), 0) && are(r, "\1\2"), "two servers");
	tap_ok(!take(r, two, sizeof(two), 1000) && are(r, "\1\2"), "the same again");
	tap_ok(!take(r, prefix, sizeof(prefix), 1000) && are(r, "\1\2"),
	       "what comes without servers takes none away");
	tap_ok(take(r, third, sizeof(third), 1000) && are(r, "\1\2\3"),
	       "another, among other options");
	tap_ok(!take(r, fourth, sizeof(fourth), 1000) && are(r, "\1\2\3"), "no room for more");
}

static void test_lifetimes(struct rdnss *r)
{
	tap_ok(take(r, first_goes, sizeof(first_goes), 2000) && are(r, "\2\3"),
	       "one that is to be forgotten");
	tap_ok(!take(r, first_goes, sizeof(first_goes), 2000), "and has been");
	tap_ok(!take(r, for_ever, sizeof(for_ever), 9999) && are(r, "\2\3"), "one for ever");
	tap_ok(take(r, prefix, sizeof(prefix), 10000) && are(r, "\2"), "one whose time is over");
	tap_ok(!take(r, prefix, 0, UINT64_MAX - 1) && are(r, "\2"), "for ever is for ever");
}

static void test_damaged(void)
{
	struct rdnss r = {.until_ms = {0}};
	tap_ok(take(&r, local, sizeof(local), 0) && are(&r, "\11"), "not a link-local one");
	tap_ok(!take(&r, endless, sizeof(endless), 0), "an option without a length");
	tap_ok(!take(&r, cut, sizeof(cut), 0), "one that is cut off");
	tap_ok(!take(&r, odd, sizeof(odd), 0), "one without room for an address");
	bool changed = false;
	for (size_t len = 0; len < sizeof(third); len++)
		changed = take(&r, third, len, 0) || changed;
	tap_ok(!changed, "every beginning");
}

int main(void)
{
	struct rdnss r = {.until_ms = {0}};
	test_order(&r);
	test_lifetimes(&r);
	test_damaged();
	return tap_done();
}
