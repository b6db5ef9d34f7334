/* SPDX-License-Identifier: MIT */
/* Whether two sandboxes are the same in all that meta.json keeps, by the table of members. */
#ifndef SQUASH_TESTS_UNIT_SAME_SANDBOX_H
#define SQUASH_TESTS_UNIT_SAME_SANDBOX_H

#include <stdbool.h>
#include <string.h>

#include "squashd/store/sandbox_members.h"

static inline bool sandbox_member_is_same(const struct sandbox *a, const struct sandbox *b,
					  const struct sandbox_member *m)
{
	if (m->type == FIELD_NUMBER || m->type == FIELD_FLAG)
		return sandbox_member_number(a, m) == sandbox_member_number(b, m);
	if (sandbox_member_count(a, m) != sandbox_member_count(b, m))
		return false;
	/* Behind the ends of texts may be what was there before. */
	for (size_t i = 0; i < sandbox_member_count(a, m); i++)
		if (strcmp(sandbox_member_text(a, m, i), sandbox_member_text(b, m, i)) != 0)
			return false;
	return true;
}

static inline bool sandbox_is_same(const struct sandbox *a, const struct sandbox *b)
{
	for (size_t i = 0; i < sandbox_members_count; i++)
		if (!sandbox_member_is_same(a, b, &sandbox_members[i]))
			return false;
	return true;
}

#endif
