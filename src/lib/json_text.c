/* SPDX-License-Identifier: MIT */
/* JSON strings: RFC 8259 section 7, decoded straight into the arena. */
#include <errno.h>
#include <string.h>

#include "hex.h"
#include "json_part.h"
#include "utf8.h"

/* How many bytes from here on stand for themselves. */
static size_t plain_run(const struct json_reader *r)
{
	size_t at = r->at;
	while (at < r->len && r->text[at] >= 0x20 && r->text[at] != '"' && r->text[at] != '\\') {
		bool good = false;
		size_t len = utf8_next(r->text + at, r->len - at, &good);
		if (!good)
			break;
		at += len;
	}
	return at - r->at;
}

/* Read the four hexadecimal digits of a UTF-16 code unit. */
static int read_unit(struct json_reader *r, uint32_t *unit)
{
	*unit = 0;
	for (int i = 0; i < 4; i++, r->at++) {
		if (r->at == r->len)
			return json_fault_early_end(r);
		int digit = hex_read_digit((char)r->text[r->at]);
		if (digit < 0)
			return json_fault_at(r, r->at, "expected a hexadecimal digit");
		*unit = *unit << 4 | (uint32_t)digit;
	}
	return 0;
}

/* Read what follows \u; start is the offset of the backslash. */
static int read_code_point(struct json_reader *r, size_t start)
{
	uint32_t code_point;
	int rc = read_unit(r, &code_point);
	if (rc < 0)
		return rc;
	bool pair = code_point >= 0xD800 && code_point <= 0xDBFF;
	if (pair && r->len - r->at >= 2 && memcmp(r->text + r->at, "\\u", 2) == 0) {
		uint32_t low;
		r->at += 2;
		rc = read_unit(r, &low);
		if (rc < 0)
			return rc;
		if (low >= 0xDC00 && low <= 0xDFFF)
			code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
	}
	if (code_point >= 0xD800 && code_point <= 0xDFFF)
		return json_fault_at(r, start, "unpaired surrogate");
	char bytes[4];
	size_t len = utf8_encode(code_point, bytes);
	return json_keep(r, bytes, len);
}

/* Read the escape whose backslash is next. */
static int read_escape(struct json_reader *r)
{
	static const char written[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	size_t start = r->at++;
	if (r->at == r->len)
		return json_fault_early_end(r);
	uint8_t byte = r->text[r->at++];
	if (byte == 'u')
		return read_code_point(r, start);
	const char *found = memchr(written, byte, sizeof(written) - 1);
	if (!found)
		return json_fault_at(r, start, "unknown escape");
	return json_keep(r, &meant[found - written], 1);
}

int json_text_read(struct json_reader *r, const char **text, size_t *text_len)
{
	size_t begin = r->arena->used;
	r->at++; /* the quote */
	while (!json_next_is(r, '"')) {
		size_t run = plain_run(r);
		int rc = 0;
		if (run > 0) {
			rc = json_keep(r, r->text + r->at, run);
			r->at += run;
		} else if (r->at == r->len) {
			rc = json_fault_early_end(r);
		} else if (r->text[r->at] == '\\') {
			rc = read_escape(r);
		} else {
			bool control = r->text[r->at] < 0x20;
			rc = json_fault_at(r, r->at,
					   control ? "control character in a string"
						   : "invalid UTF-8");
		}
		if (rc < 0)
			return rc;
	}
	r->at++;
	*text = (const char *)r->arena->base + begin;
	*text_len = r->arena->used - begin;
	return json_keep(r, "", 1);
}
