/* SPDX-License-Identifier: MIT */
/* Options of Neighbor Discovery, an input being one message after another, each with its length in
 * a byte: the servers are without gaps, none twice, none over; told again, nothing changes. */
#include "fuzz.h"
#include "init/net/rdnss.h"

static void check(const struct rdnss *r, uint64_t now_ms)
{
	bool ended = false;
	for (size_t i = 0; i < RDNSS_MAX; i++) {
		ended = ended || !r->servers[i].family;
		CHECK(ended == !r->servers[i].family);
		CHECK(ended || r->until_ms[i] > now_ms);
		for (size_t j = 0; j < i; j++)
			CHECK(ended || !addr_equal(&r->servers[i], &r->servers[j]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rdnss r = {.until_ms = {0}};
	uint64_t now_ms = 0;
	for (size_t at = 0; at < size; now_ms += 1000) {
		size_t len = data[at++];
		len = len < size - at ? len : size - at;
		uint8_t *copy = fuzz_copy(data + at, len);
		rdnss_take(&r, copy, len, now_ms);
		check(&r, now_ms);
		free(copy);
		at += len;
	}
	return 0;
}
