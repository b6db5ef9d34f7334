/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <string.h>

struct rest {
	const char *at, *end;
};

/* Step over the text. False: it isn't there. */
static bool skip(struct rest *r, const char *text, size_t len)
{
	if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
		return false;
	r->at += len;
	return true;
}

/* What stands before the byte, and step over both. False: there is no such byte. */
static bool take_to(struct rest *r, char byte, const char **text, size_t *len)
{
	const char *found = memchr(r->at, byte, (size_t)(r->end - r->at));
	if (!found)
		return false;
	*text = r->at;
	*len = (size_t)(found - r->at);
	r->at = found + 1;
	return true;
}

static bool is_digit(const struct rest *r)
{
	return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static bool read_number(struct rest *r, struct sample *s)
{
	uint32_t one = 1000000;
	s->whole = s->micros = 0;
	if (!is_digit(r))
		return false;
	for (; is_digit(r); r->at++) {
		uint64_t digit = (uint64_t)(*r->at - '0');
		if (s->whole > (UINT64_MAX - digit) / 10)
			return false;
		s->whole = s->whole * 10 + digit;
	}
	if (r->at == r->end)
		return true;
	if (!skip(r, ".", 1) || !is_digit(r))
		return false;
	for (; is_digit(r) && one > 1; r->at++) {
		one /= 10;
		s->micros += (uint32_t)(*r->at - '0') * one;
	}
	return r->at == r->end;
}

bool sample_read(struct sample *s, const char *label, const char *line, size_t len)
{
	struct rest r = {line, line + len};
	return len > 0 && line[0] != '#' && take_to(&r, '{', &s->name, &s->name_len) &&
	       s->name_len > 0 && skip(&r, label, strlen(label)) && skip(&r, "=\"", 2) &&
	       take_to(&r, '"', &s->label, &s->label_len) &&
	       !memchr(s->label, '\\', s->label_len) && skip(&r, "} ", 2) && read_number(&r, s);
}

bool sample_is(const struct sample *s, const char *name)
{
	return s->name_len == strlen(name) && memcmp(s->name, name, s->name_len) == 0;
}
