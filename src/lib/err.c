/* SPDX-License-Identifier: MIT */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void format_text(struct err *e, int number, const char *format, va_list args)
{
	e->number = number;
	vsnprintf(e->text, sizeof(e->text), format, args);
}

int err_set(struct err *e, int number, const char *format, ...)
{
	if (!e)
		return -number;
	va_list args;
	va_start(args, format);
	format_text(e, number, format, args);
	va_end(args);
	size_t used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, ": %s", strerror(number));
	return -number;
}

int err_say(struct err *e, int number, const char *format, ...)
{
	if (!e)
		return -number;
	va_list args;
	va_start(args, format);
	format_text(e, number, format, args);
	va_end(args);
	return -number;
}
