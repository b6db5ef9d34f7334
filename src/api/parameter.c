/* SPDX-License-Identifier: MIT */
#include "parameter.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MODE_DIGITS 4 /* of the largest mode, 7777; a 0 may stand before them */

/* All of the text as digits of that base. False: it is no number, or none of 64 bits. */
static bool read_digits(const char *text, unsigned base, uint64_t *number)
{
	*number = 0;
	if (*text == '\0')
		return false;
	for (; *text; text++) {
		unsigned digit = (unsigned char)*text - (unsigned)'0';
		if (digit >= base || *number > (UINT64_MAX - digit) / base)
			return false;
		*number = *number * base + digit;
	}
	return true;
}

static bool read_mode(const char *text, uint64_t *number)
{
	return strlen(text + (*text == '0')) <= MODE_DIGITS && read_digits(text, 8, number);
}

static bool read_flag(const char *text, const char *no, const char *yes, uint64_t *number)
{
	*number = strcmp(text, yes) == 0;
	return *number || strcmp(text, no) == 0;
}

int parameter_add(const struct parameter *p, const char *text, struct buf *fields,
		  struct request_fault *fault)
{
	const char *must = NULL;
	uint64_t number = 0;
	switch (p->type) {
	case PARAMETER_TEXT:
		msg_add_text(fields, p->tag, text);
		return 0;
	case PARAMETER_NUMBER:
		must = read_digits(text, 10, &number) ? NULL : "a whole number below 2^64";
		break;
	case PARAMETER_DIGIT:
		must = read_flag(text, "0", "1", &number) ? NULL : "0 or 1";
		break;
	case PARAMETER_WORD:
		must = read_flag(text, "false", "true", &number) ? NULL : "true or false";
		break;
	case PARAMETER_MODE:
		must = read_mode(text, &number) ? NULL : "octal, up to 7777";
		break;
	}
	if (must)
		return request_refuse(fault, 400, "bad_field", "%s is \"%.64s\"; it must be %s",
				      p->name, text, must);
	msg_add_number(fields, p->tag, number);
	return 0;
}
