/* SPDX-License-Identifier: MIT */
#include "init/rdnss.h"

#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "tap.h"

#define DB8(n) 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (n)

static const uint8_t two[] = {25, 5, 0, 0, 0, 0, 0x10, 0, DB8(1), DB8(2)};
static const uint8_t others[] = {/* a source link-layer address, a search list */
				 1,   1, 2, 3, 4, 5, 6, 7,  31, 2, 0, 0, 255, 255, 255, 255,   1,
				 'a', 0, 0, 0, 0, 0, 0, 25, 3,  0, 0, 0, 0,   0,   9,   DB8(3)};
static const uint8_t gone[] = {25, 3, 0, 0, 0, 0, 0, 0, DB8(1)};
static const uint8_t local[] = {25, 5, 0, 0, 0, 0, 0x10, 0, 0xfe, 0x80, 0, 0,     0,
				0,  0, 0, 0, 0, 0, 0,    0, 0,    0,    1, DB8(4)};
static const uint8_t endless[] = {25, 0, 0, 0, 0, 0, 0, 9};
static const uint8_t cut[] = {25, 3, 0, 0, 0, 0, 0, 9, 0x20, 1};
static const uint8_t odd[] = {25, 2, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8};

/* How many there are in these bytes, which end where memory does. */
static size_t parse(const uint8_t *bytes, size_t len, struct addr servers[3])
{
	uint8_t *exact = exact_copy(bytes, len);
	size_t count = rdnss_parse(exact, len, servers, 3);
	free(exact);
	return count;
}

int main(void)
{
	struct addr s[3];
	tap_ok(parse(two, sizeof(two), s) == 2 && s[0].bytes[15] == 1 && s[1].bytes[15] == 2 &&
		       s[1].family == 6,
	       "two servers");
	tap_ok(parse(others, sizeof(others), s) == 1 && s[0].bytes[15] == 3, "among other options");
	tap_ok(parse(gone, sizeof(gone), s) == 0, "one that is to be forgotten");
	tap_ok(parse(local, sizeof(local), s) == 1 && s[0].bytes[15] == 4, "not a link-local one");
	tap_ok(parse(endless, sizeof(endless), s) == 0, "an option without a length");
	tap_ok(parse(cut, sizeof(cut), s) == 0, "one that is cut off");
	tap_ok(parse(odd, sizeof(odd), s) == 0, "one without room for an address");
	for (size_t len = 0; len < sizeof(others); len++)
		parse(others, len, s);
	tap_ok(parse(others, 0, s) == 0, "none at all, and every beginning");
	return tap_done();
}
