/* SPDX-License-Identifier: MIT */
/* JSON numbers: RFC 8259 section 6, as a double and as an exact integer. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "json_part.h"

/* Exponents are cut off here: far beyond what the digits of any text in memory make up for. */
#define EXPONENT_MAX INT64_C(1000000000000000)

static bool is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

static bool eat(struct json_reader *r, char byte)
{
	bool there = json_next_is(r, byte);
	r->at += there;
	return there;
}

/* Read one digit or more. */
static int read_digits(struct json_reader *r)
{
	if (r->at == r->len)
		return json_fault_early_end(r);
	if (!is_digit(r->text[r->at]))
		return json_fault_at(r, r->at, "expected a digit");
	while (r->at < r->len && is_digit(r->text[r->at]))
		r->at++;
	return 0;
}

/* Read over a number: [ "-" ] int [ frac ] [ exp ]. */
static int read_literal(struct json_reader *r)
{
	eat(r, '-');
	size_t first = r->at;
	int rc = read_digits(r);
	if (rc == 0 && r->text[first] == '0' && r->at > first + 1)
		return json_fault_at(r, first + 1, "digit after a leading zero");
	if (rc == 0 && eat(r, '.'))
		rc = read_digits(r);
	if (rc == 0 && (eat(r, 'e') || eat(r, 'E'))) {
		if (!eat(r, '+'))
			eat(r, '-');
		rc = read_digits(r);
	}
	return rc;
}

int json_number_read(struct json_reader *r, struct json_value *v)
{
	size_t start = r->at;
	size_t begin = r->arena->used;
	int rc = read_literal(r);
	if (rc == 0)
		rc = json_keep(r, r->text + start, r->at - start);
	if (rc == 0)
		rc = json_keep(r, "", 1);
	if (rc < 0)
		return rc;
	v->type = JSON_NUMBER;
	v->text = (const char *)r->arena->base + begin;
	v->text_len = r->at - start;
	/* No program of ours calls setlocale, so the decimal point is the C locale's. A number too
	 * small for a double becomes the nearest one, a denormal or zero. */
	v->number = strtod(v->text, NULL);
	if (isinf(v->number))
		return json_fault_at(r, start, "number out of range");
	return 0;
}

/* The exponent at the end of a literal, after its e, cut off at EXPONENT_MAX. */
static int64_t exponent_of(const char *at)
{
	bool negative = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	int64_t exponent = 0;
	for (; *at && exponent < EXPONENT_MAX; at++)
		exponent = exponent * 10 + (*at - '0');
	return negative ? -exponent : exponent;
}

/* *value = *value * 10 + digit, or away from zero with negative. False if that overflows. */
static bool push_digit(int64_t *value, int digit, bool negative)
{
	return !__builtin_mul_overflow(*value, 10, value) &&
	       !__builtin_add_overflow(*value, negative ? -digit : digit, value);
}

int json_integer(const struct json_value *v, int64_t *out)
{
	if (!v || v->type != JSON_NUMBER)
		return -EINVAL;
	bool negative = v->text[0] == '-';
	const char *digits = v->text + negative;
	const char *end = digits;
	while (is_digit(*end))
		end++;
	int64_t whole = end - digits; /* before the decimal point, once the exponent moved it */
	while (is_digit(*end) || *end == '.')
		end++;
	if (*end)
		whole += exponent_of(end + 1);

	int64_t value = 0;
	bool overflow = false;
	for (const char *at = digits; at < end; at++) {
		if (*at == '.')
			continue;
		if (whole-- > 0)
			overflow |= !push_digit(&value, *at - '0', negative);
		else if (*at != '0')
			return -EINVAL; /* a fraction that isn't zero */
	}
	/* At most 19 more zeros fit; none change a zero. */
	while (value != 0 && !overflow && whole-- > 0)
		overflow = !push_digit(&value, 0, negative);
	if (overflow)
		return -ERANGE;
	*out = value;
	return 0;
}
