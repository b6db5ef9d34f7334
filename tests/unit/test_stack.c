/* SPDX-License-Identifier: MIT */
/* On how many snapshots a sandbox may stand. */
#include <inttypes.h>
#include <string.h>

#include "squashd/store/stack.h"
#include "tap.h"

static void test_count(void)
{
	static struct sandbox sb;
	static const char *const layers[] = {"000-a", "899-b", "900-snapshot-1", "901-snapshot-7"};
	tap_ok(stack_count_snapshots(&sb) == 0, "an empty stack has no snapshot");
	for (size_t i = 0; i < 4; i++)
		strcpy(sb.layers[sb.layer_count++], layers[i]);
	tap_ok(stack_count_snapshots(&sb) == 2, "modules are not counted");
}

static void test_most(void)
{
	static const struct {
		uint64_t memory_mb, processors, most;
	} cases[] = {
		{LIMIT_MEMORY_MB_MIN, 1, 4}, /* 4 MiB, of which each takes 1.25 */
		{LIMIT_MEMORY_MB_MIN, 8, 4},
		{64, 2, 8}, /* 16 MiB, 2 each */
		{1024, 2, 128},
		{1024, 8, 39}, /* 256 MiB, 6.5 each */
		{1024, 64, 5},
		{LIMIT_MEMORY_MB_MAX, 1024, 21831},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t most = stack_most_snapshots(cases[i].memory_mb, cases[i].processors);
		tap_ok(most == cases[i].most, "%" PRIu64 " MB, %" PRIu64 " processors: %" PRIu64,
		       cases[i].memory_mb, cases[i].processors, most);
	}
}

static void test_machine(void)
{
	tap_ok(stack_most_mounted(2048, 2) == 128, "a machine of 2 GB has 128 mounted");
	tap_ok(stack_most_mounted(512, 8) == 9, "one of 512 MB and 8 processors 9");
}

int main(void)
{
	test_machine();
	test_count();
	test_most();
	return tap_done();
}
