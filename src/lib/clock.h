/* SPDX-License-Identifier: MIT */
/* The two clocks, in milliseconds, and times as the API writes them. */
#ifndef SQUASH_LIB_CLOCK_H
#define SQUASH_LIB_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_BYTES 32
#define CLOCK_MS_MAX UINT64_C(253402300799999) /* the end of the year 9999: RFC 3339 ends there */

/* Milliseconds since 1970: for people; it jumps when the clock is set. */
uint64_t clock_wall_ms(void);

/* Milliseconds since boot: for durations and deadlines. */
uint64_t clock_mono_ms(void);

/* Whether it is time: -1 if *due_ms is 0, which is never; or the milliseconds until clock_mono_ms()
 * is *due_ms; or 0, once, as *due_ms becomes 0. */
int clock_take_due(uint64_t *due_ms);

/* The sooner of two timeouts of poll(2), -1 being none. */
int clock_sooner(int a_ms, int b_ms);

/* "2025-01-01T00:00:00Z" (RFC 3339, whole seconds, UTC). Returns text. */
const char *clock_text(uint64_t wall_ms, char text[CLOCK_TEXT_BYTES]);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7, IMF-fixdate). Returns text. */
const char *clock_http_date(uint64_t wall_ms, char text[CLOCK_TEXT_BYTES]);

#endif
