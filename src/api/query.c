/* SPDX-License-Identifier: MIT */
#include "query.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/hex.h"

/* Decode len bytes into out, terminated. NULL, or what is wrong with them. */
static const char *decode(const char *text, size_t len, char out[QUERY_VALUE_BYTES])
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '%') {
			int byte = len - i > 2 ? hex_read_byte(text + i + 1) : -1;
			if (byte < 0)
				return "has a % without two hexadecimal digits";
			c = (char)byte;
			i += 2;
		}
		if (c == '\0')
			return "holds a NUL";
		if (n == QUERY_VALUE_BYTES - 1)
			return "is too long";
		out[n++] = c;
	}
	out[n] = '\0';
	return NULL;
}

static int find(const char *name, const struct parameter *known, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(known[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* One name=value of len bytes; seen has a bit for each of those there were. */
static int parse_one(const char *text, size_t len, const struct parameter *known, size_t count,
		     uint32_t *seen, struct buf *fields, struct request_fault *fault)
{
	char name[QUERY_VALUE_BYTES], value[QUERY_VALUE_BYTES];
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : len;
	const char *wrong = decode(text, name_len, name);
	if (wrong)
		return request_refuse(fault, 400, "bad_field", "a parameter's name %s", wrong);
	int i = find(name, known, count);
	if (i < 0)
		return request_refuse(fault, 400, "bad_field", "there is no parameter \"%.200s\"",
				      name);
	if (*seen & UINT32_C(1) << i)
		return request_refuse(fault, 400, "bad_field", "%s is given twice", name);
	if (!equals)
		return request_refuse(fault, 400, "bad_field", "%s has no value", name);
	wrong = decode(equals + 1, len - name_len - 1, value);
	if (wrong)
		return request_refuse(fault, 400, "bad_field", "%s %s", name, wrong);
	*seen |= UINT32_C(1) << i;
	return parameter_add(&known[i], value, fields, fault);
}

int query_parse(const char *text, const struct parameter *known, size_t count, struct buf *fields,
		struct request_fault *fault)
{
	uint32_t seen = 0;
	while (*text) {
		size_t len = strcspn(text, "&");
		int rc = parse_one(text, len, known, count, &seen, fields, fault);
		if (rc < 0)
			return rc;
		text += len;
		if (*text == '&' && *++text == '\0')
			return request_refuse(fault, 400, "bad_field", "the query ends in a &");
	}
	return 0;
}
