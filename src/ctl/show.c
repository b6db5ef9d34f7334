/* SPDX-License-Identifier: MIT */
#include "show.h"

#include <inttypes.h>
#include <stdio.h>
#include <wchar.h>

#include "lib/utf8.h"

/* Of a sequence that utf8_next has found good. */
static uint32_t decode(const uint8_t *at, size_t len)
{
	uint32_t code = len == 1 ? at[0] : at[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++)
		code = code << 6 | (at[i] & 0x3f);
	return code;
}

/* The Unicode Standard 23.1, 9.2, 23.2: controls, directions, separators, what has no width. */
static bool is_active(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

static void show_active(uint32_t c, struct buf *out)
{
	if (c == '\n' || c == '\t' || c == '\r')
		buf_add_text(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
	else if (c < 0x80)
		buf_printf(out, "\\x%02" PRIx32, c);
	else
		buf_printf(out, "\\u%04" PRIx32, c);
}

void show_text(const char *text, size_t len, struct buf *out)
{
	const uint8_t *at = (const uint8_t *)text;
	bool good;
	for (size_t n; len > 0; at += n, len -= n) {
		n = utf8_next(at, len, &good);
		if (good && !is_active(decode(at, n)))
			buf_add(out, at, n);
		else if (good)
			show_active(decode(at, n), out);
		else
			for (size_t i = 0; i < n; i++)
				buf_printf(out, "\\x%02x", at[i]);
	}
}

/* RFC 8259, 7: what is above U+FFFF is escaped as a UTF-16 surrogate pair. */
static void escape_json(uint32_t c, struct buf *out)
{
	if (c < 0x10000)
		buf_printf(out, "\\u%04" PRIx32, c);
	else
		buf_printf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((c - 0x10000) >> 10),
			   0xdc00 + ((c - 0x10000) & 0x3ff));
}

size_t show_json(const char *text, size_t len, struct buf *out)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t done = 0;
	bool good;
	while (done < len && out->cap - out->len >= SHOW_JSON_ESCAPE_BYTES) {
		size_t n = utf8_next(at + done, len - done, &good);
		uint32_t c = good ? decode(at + done, n) : 0xfffd;
		/* White space between values is all that JSON has of C0. */
		if (!good || (c >= 0x7f && is_active(c)))
			escape_json(c, out);
		else
			buf_add(out, at + done, n);
		done += n;
	}
	return done;
}

size_t show_fit(const char *text, size_t len, size_t columns)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t fit = 0, used = 0;
	bool good;
	while (fit < len) {
		size_t n = utf8_next(at + fit, len - fit, &good);
		int width = good ? wcwidth((wchar_t)decode(at + fit, n)) : 1;
		used += width < 0 ? 1 : (size_t)width;
		if (used > columns)
			break;
		fit += n;
	}
	return fit;
}

size_t show_width(const char *text, size_t len)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t used = 0;
	bool good;
	for (size_t n; len > 0; at += n, len -= n) {
		n = utf8_next(at, len, &good);
		int width = good ? wcwidth((wchar_t)decode(at, n)) : 1;
		used += width < 0 ? 1 : (size_t)width;
	}
	return used;
}

const char *show_size(uint64_t bytes, char text[SHOW_SIZE_BYTES])
{
	static const char units[] = "KMGTPE";
	size_t unit = 0;
	double value = (double)bytes / 1024;
	if (bytes < 1024) {
		snprintf(text, SHOW_SIZE_BYTES, "%" PRIu64, bytes);
		return text;
	}
	for (; value >= 1023.95 && units[unit + 1]; unit++)
		value /= 1024;
	snprintf(text, SHOW_SIZE_BYTES, "%.1f%c", value, units[unit]);
	return text;
}
