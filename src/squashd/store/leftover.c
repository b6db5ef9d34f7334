/* SPDX-License-Identifier: MIT */
#include "leftover.h"

#include <stdio.h>

static bool noted;

void leftover_note(const char *id, const struct err *e)
{
	noted = true;
	if (id)
		fprintf(stderr, "squashd: sandbox %s: %s\n", id, e->text);
	else
		fprintf(stderr, "squashd: %s\n", e->text);
}

bool leftover_is_noted(void)
{
	return noted;
}
