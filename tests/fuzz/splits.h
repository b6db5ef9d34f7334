/* SPDX-License-Identifier: MIT */
/* Places where an input is cut in pieces. */
#ifndef SQUASH_TESTS_FUZZ_SPLITS_H
#define SQUASH_TESTS_FUZZ_SPLITS_H

#include <stddef.h>
#include <stdint.h>

/* Offsets in len bytes, count of them by the bytes of data, in order; behind them len itself. */
static inline void splits_read(const uint8_t *data, size_t len, size_t *splits, size_t count)
{
	for (size_t i = 0; i < count; i++)
		splits[i] = len * data[i] / 256;
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k > 0 && splits[k] < splits[k - 1]; k--) {
			size_t other = splits[k];
			splits[k] = splits[k - 1];
			splits[k - 1] = other;
		}
	splits[count] = len;
}

#endif
