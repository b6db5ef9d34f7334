/* SPDX-License-Identifier: MIT */
/* Tests of functions that make one text of another, as rows of what is given and what must come. */
#ifndef SQUASH_TESTS_UNIT_TEXTS_H
#define SQUASH_TESTS_UNIT_TEXTS_H

#include <string.h>

#include "tap.h"

struct text_case {
	const char *given, *expected; /* expected NULL: what is given must be refused */
};

/* One test for each row: make returns the text that comes of what is given, which it keeps until it
 * is called again, or NULL if it is refused. what comes before the text given in the test's
 * name. */
static inline void texts_check(const char *what, const struct text_case *cases, size_t count,
			       const char *(*make)(const char *given))
{
	for (const struct text_case *c = cases; c < cases + count; c++) {
		const char *got = make(c->given);
		bool same = c->expected && got ? strcmp(got, c->expected) == 0 : c->expected == got;
		if (!tap_ok(same, "%s \"%s\"", what, c->given))
			tap_note("\"%s\", not \"%s\"", got ? got : "(refused)",
				 c->expected ? c->expected : "(refused)");
	}
}

#define TEXTS_CHECK(what, cases, make)                                                             \
	texts_check(what, cases, sizeof(cases) / sizeof((cases)[0]), make)

#endif
