/* SPDX-License-Identifier: MIT */
/* Test results as TAP: one line each, numbered; the plan last. */
#ifndef SQUASH_TESTS_UNIT_TAP_H
#define SQUASH_TESTS_UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_tests;
static int tap_failed;

/* Report one test; returns ok, for `if (!tap_ok(...))` to explain by tap_note. */
__attribute__((format(printf, 2, 3))) static inline bool tap_ok(bool ok, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("%sok %d - ", ok ? "" : "not ", ++tap_tests);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout); /* a crash in the next test must not take this line with it */
	tap_failed += !ok;
	return ok;
}

__attribute__((format(printf, 1, 2))) static inline void tap_note(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("# ", stdout);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* Print the plan; main returns the result. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_tests);
	return tap_failed > 0;
}

#endif
