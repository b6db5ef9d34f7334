/* SPDX-License-Identifier: MIT */
/* The JSON writer: what it writes and refuses, and that the parser reads what was meant. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/jsonw.h"
#include "tap.h"

#define OUT_BYTES 4096

struct string {
	const char *bytes;
	size_t len;
	const char *written;
};

/* A writer on memory of its own. */
struct page {
	char text[OUT_BYTES];
	struct buf out;
	struct jsonw w;
};

static struct jsonw *begin(struct page *p)
{
	p->out = (struct buf){.data = p->text, .cap = sizeof(p->text)};
	jsonw_init(&p->w, &p->out);
	return &p->w;
}

/* Whether exactly this was written, and it is a whole value. */
static bool is_written(const struct page *p, const char *expected)
{
	bool equal = p->out.len == strlen(expected) && memcmp(p->text, expected, p->out.len) == 0;
	if (!equal)
		tap_note("%.*s", (int)p->out.len, p->text);
	return equal && jsonw_is_whole(&p->w);
}

static void test_shapes(void)
{
	static struct page p;
	struct jsonw *w = begin(&p);
	jsonw_object_begin(w);
	jsonw_object_end(w);
	tap_ok(is_written(&p, "{}"), "an empty object");

	w = begin(&p);
	jsonw_array_begin(w);
	jsonw_array_end(w);
	tap_ok(is_written(&p, "[]"), "an empty array");

	w = begin(&p);
	jsonw_string(w, "root");
	tap_ok(is_written(&p, "\"root\""), "a value as the root");

	w = begin(&p);
	jsonw_object_begin(w);
	jsonw_key(w, "id");
	jsonw_string(w, "dev");
	jsonw_key(w, "layers");
	jsonw_array_begin(w);
	jsonw_string(w, "a");
	jsonw_object_begin(w);
	jsonw_key(w, "\"k\"\n");
	jsonw_null(w);
	jsonw_object_end(w);
	jsonw_array_begin(w);
	jsonw_array_end(w);
	jsonw_bool(w, true);
	jsonw_bool(w, false);
	jsonw_array_end(w);
	jsonw_key(w, "cpu");
	jsonw_milli(w, 1000);
	jsonw_object_end(w);
	tap_ok(is_written(&p, "{\"id\":\"dev\",\"layers\":[\"a\",{\"\\\"k\\\"\\n\":null},[],true,"
			      "false],\"cpu\":1.0}"),
	       "commas and colons");
}

static void test_numbers(void)
{
	static struct page p;
	struct jsonw *w = begin(&p);
	jsonw_array_begin(w);
	jsonw_int(w, 0);
	jsonw_int(w, -1);
	jsonw_int(w, INT64_MIN);
	jsonw_int(w, INT64_MAX);
	jsonw_uint(w, UINT64_MAX);
	jsonw_array_end(w);
	tap_ok(is_written(&p, "[0,-1,-9223372036854775808,9223372036854775807,"
			      "18446744073709551615]"),
	       "integers");

	w = begin(&p);
	jsonw_array_begin(w);
	static const uint64_t thousandths[] = {0, 1, 10, 100, 250, 500, 1000, 1234, 2250, 64000};
	for (size_t i = 0; i < sizeof(thousandths) / sizeof(*thousandths); i++)
		jsonw_milli(w, thousandths[i]);
	jsonw_milli(w, UINT64_MAX);
	jsonw_array_end(w);
	tap_ok(is_written(&p, "[0.0,0.001,0.01,0.1,0.25,0.5,1.0,1.234,2.25,64.0,"
			      "18446744073709551.615]"),
	       "thousandths");
}

/* U+FFFD as the writer puts it */
#define BAD "\xEF\xBF\xBD"
#define BYTES(literal) (literal), sizeof(literal) - 1

static void test_strings(void)
{
	static const struct string table[] = {
		{BYTES(""), "\"\""},
		{BYTES("plain /"), "\"plain /\""},
		{BYTES("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
		{BYTES("\0a\x1F\x7F"), "\"\\u0000a\\u001f\\u007f\""},
		{BYTES("\xC2\x80 \xC2\x9B\xC2\x9F"), "\"\\u0080 \\u009b\\u009f\""},
		{BYTES("\xC2\xA0\u0100\xC2"), "\"\xC2\xA0\u0100" BAD "\""},
		{BYTES("\u00e9\u20ac\U0001f600"), "\"\u00e9\u20ac\U0001f600\""},
		{BYTES("a\x80z"), "\"a" BAD "z\""},
		{BYTES("\xC3"), "\"" BAD "\""},
		{BYTES("\xC3\""), "\"" BAD "\\\"\""},
		/* The examples of The Unicode Standard 15, tables 3-8 to 3-11 */
		{BYTES("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
		 "\"" BAD BAD BAD BAD BAD BAD BAD BAD "A\""},
		{BYTES("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
		 "\"" BAD BAD BAD BAD BAD BAD BAD BAD "A\""},
		{BYTES("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
		 "\"" BAD BAD BAD BAD BAD "A" BAD BAD "B\""},
		{BYTES("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\"" BAD BAD BAD BAD "A\""},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		static struct page p;
		jsonw_text(begin(&p), table[i].bytes, table[i].len);
		tap_ok(is_written(&p, table[i].written), "string %zu", i);
	}
}

/* Each misuse leaves the writer bad, and what it wrote before as it was. */
static void test_misuse(void)
{
	/* One letter a call: { } [ ] as they are, k a key, n a null */
	static const char *const table[] = {
		"nn",  "{}n", "}",  "]", "{]",  "[}",  "{n",
		"{kk", "{k}", "[k", "k", "{}}", "[]{", "{knn",
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		static struct page p;
		struct jsonw *w = begin(&p);
		bool bad_early = false;
		size_t len = 0;
		for (const char *call = table[i]; *call; call++) {
			bad_early |= w->bad;
			len = p.out.len;
			if (*call == '{')
				jsonw_object_begin(w);
			else if (*call == '}')
				jsonw_object_end(w);
			else if (*call == '[')
				jsonw_array_begin(w);
			else if (*call == ']')
				jsonw_array_end(w);
			else if (*call == 'k')
				jsonw_key(w, "k");
			else
				jsonw_null(w);
		}
		tap_ok(w->bad && !bad_early && p.out.len == len && !jsonw_is_whole(w), "misuse: %s",
		       table[i]);
	}

	static struct page p;
	struct jsonw *w = begin(&p);
	for (int i = 0; i < JSONW_DEPTH_MAX; i++)
		jsonw_array_begin(w);
	tap_ok(!w->bad && !jsonw_is_whole(w), "levels at the cap, none closed");
	jsonw_array_begin(w);
	tap_ok(w->bad && p.out.len == JSONW_DEPTH_MAX, "a level above the cap");
}

static void test_overflow(void)
{
	bool right = true;
	char whole[] = "{\"a\":[1.25,\"\\u0001\xEF\xBF\xBD\"]}";
	for (size_t cap = 0; cap < sizeof(whole) + 4; cap++) {
		struct buf out = {.data = malloc(cap + 1), .cap = cap};
		struct jsonw w;
		jsonw_init(&w, &out);
		jsonw_object_begin(&w);
		jsonw_key(&w, "a");
		jsonw_array_begin(&w);
		jsonw_milli(&w, 1250);
		jsonw_text(&w, "\x01\xFF", 2);
		jsonw_array_end(&w);
		jsonw_object_end(&w);
		bool fits = cap >= sizeof(whole) - 1;
		right &= !w.bad && out.full == !fits && jsonw_is_whole(&w) == fits;
		right &= memcmp(out.data, whole, out.len) == 0;
		free(out.data);
	}
	tap_ok(right,
	       "out too small is out->full, whatever its size, and holds a begin of the text");
}

/* Pseudo-random and the same on every run: xorshift, Marsaglia 2003. */
static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Parse what p holds; the arena is good until the next call. */
static const struct json_value *read_back(const struct buf *out)
{
	static _Alignas(max_align_t) unsigned char memory[JSON_ARENA_BYTES(JSONW_TEXT_BYTES(512))];
	struct arena a = {.base = memory, .cap = sizeof(memory)};
	struct json_fault fault;
	const struct json_value *v;
	if (json_parse((const uint8_t *)out->data, out->len, &a, &v, &fault) == 0)
		return v;
	tap_note("%s at %zu: %.*s", fault.reason, fault.offset, (int)out->len, out->data);
	return NULL;
}

static void test_random_bytes(void)
{
	uint32_t state = 20250101;
	bool readable = true;
	bool idempotent = true;
	bool bounded = true;
	for (int round = 0; round < 20000; round++) {
		static struct page p, q;
		uint8_t bytes[512];
		size_t len = random_next(&state) % sizeof(bytes);
		uint8_t high = round % 2 ? 0xFF : 0x7F; /* any bytes; ASCII */
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)random_next(&state) & high;
		jsonw_text(begin(&p), bytes, len);
		const struct json_value *v = read_back(&p.out);
		readable &= v && v->type == JSON_STRING;
		if (!v)
			break;
		if (high == 0x7F) /* nothing to replace */
			readable &= v->text_len == len && memcmp(v->text, bytes, len) == 0;
		jsonw_text(begin(&q), v->text, v->text_len);
		idempotent &= q.out.len == p.out.len && memcmp(q.text, p.text, p.out.len) == 0;
		bounded &= p.out.len <= JSONW_TEXT_BYTES(len);
	}
	tap_ok(readable, "any bytes give a string that the parser takes");
	tap_ok(idempotent, "and written again it is the same");
	tap_ok(bounded, "and no longer than JSONW_TEXT_BYTES");
}

static void test_round_trips(void)
{
	static const char *const table[] = {
		"null",
		"[true,false,null,-1,0.25]",
		"{\"\":{\"a\":[{},[],\"\"]},\"b\\u0001\\\"\":\"\u20ac\\u0000\\n\"}",
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
		"{\"id\":\"dev\",\"cpu\":1.5,\"memory_mb\":512,\"allow_net\":[\"pypi.org\"]}",
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		static struct page p;
		char text[256];
		struct buf in = {.data = text, .cap = sizeof(text)};
		buf_add_text(&in, table[i]);
		const struct json_value *v = read_back(&in);
		struct jsonw *w = begin(&p);
		if (v)
			jsonw_value(w, v);
		tap_ok(v && is_written(&p, table[i]), "round trip %zu", i);
	}
}

int main(void)
{
	test_shapes();
	test_numbers();
	test_strings();
	test_misuse();
	test_overflow();
	test_random_bytes();
	test_round_trips();
	return tap_done();
}
