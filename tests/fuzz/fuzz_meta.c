/* SPDX-License-Identifier: MIT */
/* meta.json, as it lies on a disk that anybody may have written: what is taken keeps to the limits
 * that hold for a request, and is the same once it has been saved and loaded. */
#include "check_sandbox.h"
#include "fuzz.h"
#include "lib/clock.h"
#include "squashd/store/meta_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sandbox sb;
	char time[CLOCK_TEXT_BYTES];
	struct err e = {0};
	if (is_taken(meta_read(data, size, &sb, &e), &e)) {
		check_sandbox(&sb);
		check_saved(&sb);
		CHECK(strlen(clock_text(sb.created_ms, time)) == strlen("2025-01-01T00:00:00Z"));
	}
	return 0;
}
