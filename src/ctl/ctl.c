/* SPDX-License-Identifier: MIT */
#include "ctl.h"

#include <stdarg.h>
#include <stdio.h>

int ctl_fail(struct ctl *c, enum exit_code code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(c->failure, sizeof(c->failure), format, args);
	va_end(args);
	return (int)code;
}
