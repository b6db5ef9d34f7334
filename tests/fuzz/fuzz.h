/* SPDX-License-Identifier: MIT */
/* What every fuzz target has: the function that is fed, and a check that holds in any build. */
#ifndef SQUASH_TESTS_FUZZ_FUZZ_H
#define SQUASH_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Called by libFuzzer, or by replay.c, for each input. 0: it is taken into the corpus if it reaches
 * something new. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__,           \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Memory of just this size, so that the sanitizers see an access past its end. */
static inline void *fuzz_take(size_t len)
{
	void *memory = malloc(len > 0 ? len : 1);
	CHECK(memory);
	return memory;
}

static inline void *fuzz_copy(const void *bytes, size_t len)
{
	void *copy = fuzz_take(len);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

#endif
