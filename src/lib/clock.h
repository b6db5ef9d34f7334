/* SPDX-License-Identifier: MIT */
/* The two clocks, in milliseconds, and times as the API writes them. */
#ifndef SQUASH_CLOCK_H
#define SQUASH_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_BYTES 32

/* Milliseconds since 1970: for people; it jumps when the clock is set. */
uint64_t clock_wall_ms(void);

/* Milliseconds since boot: for durations and deadlines. */
uint64_t clock_mono_ms(void);

/* "2025-01-01T00:00:00Z" (RFC 3339, whole seconds, UTC). Returns text. */
const char *clock_text(uint64_t wall_ms, char text[CLOCK_TEXT_BYTES]);

#endif
