/* SPDX-License-Identifier: MIT */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* e may be NULL: nobody wants to know. */
static void fill(struct err *e, int number, const char *format, va_list args)
{
	if (!e)
		return;
	e->number = number;
	vsnprintf(e->text, sizeof(e->text), format, args);
}

int err_say(struct err *e, int number, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fill(e, number, format, args);
	va_end(args);
	return -number;
}

int err_set(struct err *e, int number, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fill(e, number, format, args);
	va_end(args);
	if (e) {
		size_t used = strlen(e->text);
		snprintf(e->text + used, sizeof(e->text) - used, ": %s", strerror(number));
	}
	return -number;
}

int err_keep_first(int so_far, int rc, struct err *e, const struct err *this)
{
	if (so_far == 0 && rc < 0)
		*e = *this;
	return so_far < 0 ? so_far : rc;
}
