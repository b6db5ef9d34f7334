/* SPDX-License-Identifier: MIT */
#include "leftover.h"

#include <stdio.h>

static bool noted;

void leftover_say(const char *id, const struct err *e)
{
	if (id)
		fprintf(stderr, "squashd: sandbox %s: %s\n", id, e->text);
	else
		fprintf(stderr, "squashd: %s\n", e->text);
}

void leftover_note(const char *id, const struct err *e)
{
	noted = true;
	leftover_say(id, e);
}

bool leftover_is_noted(void)
{
	return noted;
}
