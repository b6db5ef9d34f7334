/* SPDX-License-Identifier: MIT */
/* Bearer tokens and the API's times. */
#include <string.h>

#include "lib/clock.h"
#include "lib/token.h"
#include "tap.h"

static void test_headers(void)
{
	static const struct {
		const char *value, *token;
	} cases[] = {
		{"Bearer abc", "abc"},
		{"bearer abc", "abc"},
		{"BEARER   a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="},
		{"Bearer abc  ", "abc"},
		{"Bearer", NULL},
		{"Bearer ", NULL},
		{"Bearer  \t", NULL},
		{"Basic abc", NULL},
		{"", NULL},
		{"Bearerabc", NULL},
		{"Bearer a b", NULL},
		{" Bearer abc", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = 0;
		const char *token = token_from_header(cases[i].value, &len);
		bool same = cases[i].token ? token && len == strlen(cases[i].token) &&
						     memcmp(token, cases[i].token, len) == 0
					   : token == NULL;
		tap_ok(same, "header \"%s\"", cases[i].value);
	}
}

static void test_equal(void)
{
	static const struct {
		const char *given, *secret;
		bool equal;
	} cases[] = {
		{"secret", "secret", true},
		{"secreT", "secret", false},
		{"Secret", "secret", false},
		{"secre", "secret", false},
		{"secrets", "secret", false},
		{"secretsecret", "secret", false},
		{"", "secret", false},
		{"secret", "", false},
		{"", "", true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_ok(token_equal(cases[i].given, strlen(cases[i].given), cases[i].secret,
				   strlen(cases[i].secret)) == cases[i].equal,
		       "\"%s\" against \"%s\"", cases[i].given, cases[i].secret);
	tap_ok(!token_equal("a\0b", 3, "a\0c", 3), "bytes behind a NUL count");
}

static void test_times(void)
{
	char text[CLOCK_TEXT_BYTES];
	tap_ok(!strcmp(clock_text(0, text), "1970-01-01T00:00:00Z"), "the epoch");
	tap_ok(!strcmp(clock_text(1735689600999, text), "2025-01-01T00:00:00Z"),
	       "milliseconds are cut");
	tap_ok(!strcmp(clock_text(1709210096000, text), "2024-02-29T12:34:56Z"), "a leap day");
	tap_ok(clock_mono_ms() <= clock_mono_ms(), "the monotonic clock does not go back");
	tap_ok(clock_wall_ms() > 1735689600000, "the wall clock is past 2025");
}

int main(void)
{
	test_headers();
	test_equal();
	test_times();
	return tap_done();
}
