/* SPDX-License-Identifier: MIT */
/* Memory of just the size of what it holds, so that the sanitizers see an access past its end. */
#ifndef SQUASH_TESTS_UNIT_EXACT_H
#define SQUASH_TESTS_UNIT_EXACT_H

#include <stdlib.h>
#include <string.h>

/* The caller frees it. */
static inline void *exact_copy(const void *bytes, size_t len)
{
	void *copy = malloc(len > 0 ? len : 1);
	if (!copy)
		abort();
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

#endif
