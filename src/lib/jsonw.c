/* SPDX-License-Identifier: MIT */
/* The JSON writer: punctuation by a small stack, escapes, numbers. */
#include "jsonw.h"

#include <inttypes.h>
#include <string.h>

#include "utf8.h"

void jsonw_init(struct jsonw *w, struct buf *out)
{
	*w = (struct jsonw){.out = out};
}

bool jsonw_is_whole(const struct jsonw *w)
{
	return w->begun && w->depth == 0 && !w->bad && !w->out->full;
}

static bool in_object(const struct jsonw *w)
{
	return w->depth > 0 && w->closing[w->depth - 1] == '}';
}

/* The comma before a name or an element, unless it is the first. */
static void separate(struct jsonw *w)
{
	bool *filled = &w->filled[w->depth - 1];
	if (*filled)
		buf_add(w->out, ",", 1);
	*filled = true;
}

/* Whether a value may stand here; if so, what comes before it is written. */
static bool begin_value(struct jsonw *w)
{
	if (w->depth == 0 ? w->begun : in_object(w) && !w->named)
		w->bad = true;
	if (w->bad)
		return false;
	if (w->depth > 0 && !in_object(w))
		separate(w);
	w->begun = true;
	w->named = false;
	return true;
}

static void begin_level(struct jsonw *w, const char *opening, char closing)
{
	if (w->depth == JSONW_DEPTH_MAX)
		w->bad = true;
	if (!begin_value(w))
		return;
	w->closing[w->depth] = closing;
	w->filled[w->depth] = false;
	w->depth++;
	buf_add(w->out, opening, 1);
}

static void end_level(struct jsonw *w, char closing)
{
	if (w->depth == 0 || w->closing[w->depth - 1] != closing || w->named)
		w->bad = true;
	if (w->bad)
		return;
	w->depth--;
	buf_add(w->out, &closing, 1);
}

void jsonw_object_begin(struct jsonw *w)
{
	begin_level(w, "{", '}');
}

void jsonw_object_end(struct jsonw *w)
{
	end_level(w, '}');
}

void jsonw_array_begin(struct jsonw *w)
{
	begin_level(w, "[", ']');
}

void jsonw_array_end(struct jsonw *w)
{
	end_level(w, ']');
}

/* The control characters C0, DEL and C1 (U+0080 to U+009F, C2 80 to C2 9F in UTF-8), quotes and
 * backslashes. JSON allows DEL and C1 as they are, but terminals act on them. */
static bool needs_escape(const uint8_t *sequence, size_t len)
{
	if (len == 1)
		return sequence[0] < 0x20 || sequence[0] == '"' || sequence[0] == '\\' ||
		       sequence[0] == 0x7f;
	return len == 2 && sequence[0] == 0xC2 && sequence[1] < 0xA0;
}

/* Write the escape of a code point below U+0100. */
static void add_escape(struct buf *out, uint8_t code)
{
	static const char hex[] = "0123456789abcdef";
	static const char meant[] = "\"\\\b\f\n\r\t";
	static const char written[] = "\"\\bfnrt";
	const char *found = memchr(meant, code, sizeof(meant) - 1);
	char text[6] = {'\\', 'u', '0', '0', hex[code >> 4], hex[code & 15]};
	if (found)
		text[1] = written[found - meant];
	buf_add(out, text, found ? 2 : 6);
}

static void add_text(struct buf *out, const uint8_t *text, size_t len)
{
	size_t at = 0;
	size_t plain = 0; /* from here to at, bytes stand for themselves and wait to be copied */
	buf_add(out, "\"", 1);
	while (at < len) {
		bool good = false;
		size_t n = utf8_next(text + at, len - at, &good);
		bool escape = good && needs_escape(text + at, n);
		if (good && !escape) {
			at += n;
			continue;
		}
		buf_add(out, text + plain, at - plain);
		if (escape)
			add_escape(out, text[at + n - 1]); /* C1: its last byte is its number */
		else
			buf_add(out, "\xEF\xBF\xBD", 3); /* U+FFFD */
		at += n;
		plain = at;
	}
	if (at > plain)
		buf_add(out, text + plain, at - plain);
	buf_add(out, "\"", 1);
}

void jsonw_key(struct jsonw *w, const char *name)
{
	if (!in_object(w) || w->named)
		w->bad = true;
	if (w->bad)
		return;
	separate(w);
	add_text(w->out, (const uint8_t *)name, strlen(name));
	buf_add(w->out, ":", 1);
	w->named = true;
}

void jsonw_text(struct jsonw *w, const void *bytes, size_t len)
{
	if (begin_value(w))
		add_text(w->out, bytes, len);
}

void jsonw_string(struct jsonw *w, const char *text)
{
	jsonw_text(w, text, strlen(text));
}

void jsonw_int(struct jsonw *w, int64_t value)
{
	if (begin_value(w))
		buf_printf(w->out, "%" PRId64, value);
}

void jsonw_uint(struct jsonw *w, uint64_t value)
{
	if (begin_value(w))
		buf_printf(w->out, "%" PRIu64, value);
}

void jsonw_bool(struct jsonw *w, bool value)
{
	if (begin_value(w))
		buf_add_text(w->out, value ? "true" : "false");
}

void jsonw_null(struct jsonw *w)
{
	if (begin_value(w))
		buf_add_text(w->out, "null");
}

void jsonw_milli(struct jsonw *w, uint64_t thousandths)
{
	unsigned decimals = (unsigned)(thousandths % 1000);
	int digits = 3;
	while (digits > 1 && decimals % 10 == 0) {
		decimals /= 10;
		digits--;
	}
	if (begin_value(w))
		buf_printf(w->out, "%" PRIu64 ".%0*u", thousandths / 1000, digits, decimals);
}

static void write_number(struct jsonw *w, const struct json_value *v)
{
	int64_t number;
	if (json_integer(v, &number) == 0)
		jsonw_int(w, number);
	else if (begin_value(w))
		buf_add(w->out, v->text, v->text_len);
}

static void write_children(struct jsonw *w, const struct json_value *v)
{
	for (const struct json_value *c = v->first; c; c = c->next) {
		if (c->key)
			jsonw_key(w, c->key);
		jsonw_value(w, c);
	}
}

void jsonw_value(struct jsonw *w, const struct json_value *v)
{
	switch (v->type) {
	case JSON_NULL:
		jsonw_null(w);
		break;
	case JSON_FALSE:
	case JSON_TRUE:
		jsonw_bool(w, v->type == JSON_TRUE);
		break;
	case JSON_NUMBER:
		write_number(w, v);
		break;
	case JSON_STRING:
		jsonw_text(w, v->text, v->text_len);
		break;
	case JSON_ARRAY:
		jsonw_array_begin(w);
		write_children(w, v);
		jsonw_array_end(w);
		break;
	case JSON_OBJECT:
		jsonw_object_begin(w);
		write_children(w, v);
		jsonw_object_end(w);
		break;
	}
}
