/* SPDX-License-Identifier: MIT */
/* The JSON parser's bounds: depth, arena, long texts and hostile names. What isn't linear in the
 * text meets the runner's time limit here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "tap.h"

#define MIB ((size_t)1 << 20)

struct outcome {
	int rc;
	struct json_fault fault;
	const struct json_value *root;
	struct arena arena;
};

static void *allocate(size_t len)
{
	void *p = malloc(len > 0 ? len : 1);
	if (!p)
		abort();
	return p;
}

/* Parse the text in b, in an arena of the promised size; the caller frees arena.base. */
static struct outcome parse(const struct buf *b)
{
	struct outcome o = {.arena = {.cap = JSON_ARENA_BYTES(b->len)}};
	o.arena.base = allocate(o.arena.cap);
	o.rc = json_parse((const uint8_t *)b->data, b->len, &o.arena, &o.root, &o.fault);
	return o;
}

/* The same, for what the outcome alone shows. */
static int parse_only(const struct buf *b, size_t *offset)
{
	struct outcome o = parse(b);
	*offset = o.fault.offset;
	free(o.arena.base);
	return o.rc;
}

/* depth containers in each other, core in the innermost. */
static int parse_nested(size_t depth, const char *open, const char *core, const char *close,
			size_t *offset)
{
	struct buf b = {.cap = depth * (strlen(open) + strlen(close)) + strlen(core)};
	b.data = allocate(b.cap);
	for (size_t i = 0; i < depth; i++)
		buf_add_text(&b, open);
	buf_add_text(&b, core);
	for (size_t i = 0; i < depth; i++)
		buf_add_text(&b, close);
	int rc = parse_only(&b, offset);
	free(b.data);
	return rc;
}

static void test_depth(void)
{
	const size_t cap = JSON_DEPTH_MAX;
	size_t at;
	tap_ok(parse_nested(cap, "[", "", "]", &at) == 0, "arrays at the cap");
	tap_ok(parse_nested(cap, "[", "1", "]", &at) == 0, "a value in arrays at the cap");
	tap_ok(parse_nested(cap, "{\"\":", "1", "}", &at) == 0, "objects at the cap");
	tap_ok(parse_nested(cap + 1, "[", "", "]", &at) == -EINVAL && at == cap,
	       "arrays above the cap");
	tap_ok(parse_nested(cap + 1, "{\"\":", "1", "}", &at) == -EINVAL && at == 4 * cap,
	       "objects above the cap");
	tap_ok(parse_nested(MIB, "[", "", "]", &at) == -EINVAL && at == cap, "a million arrays");
}

static void test_small_arenas(void)
{
	static const char text[] = "{\"layers\":[\"000-base\",\"100-python\\u00e9\"],\"cpu\":1.0,"
				   "\"net\":{\"a\":[1,2,3,{}],\"\":\"\"},\"x\":[[],true,null]}";
	struct json_fault fault = {0, ""};
	const struct json_value *v;
	const size_t len = sizeof(text) - 1;
	size_t needed = 0;
	bool right = true;
	for (size_t cap = 0; cap <= JSON_ARENA_BYTES(len); cap++) {
		struct arena a = {.base = allocate(cap), .cap = cap};
		int rc = json_parse((const uint8_t *)text, len, &a, &v, &fault);
		if (rc == 0 && needed == 0)
			needed = cap;
		if (needed == 0)
			right &= rc == -ENOMEM && strcmp(fault.reason, "out of memory") == 0;
		else
			right &= rc == 0;
		free(a.base);
	}
	tap_ok(right && needed > 0, "an arena too small is -ENOMEM, whatever its size");
	tap_note("%zu bytes for a text of %zu", needed, len);
}

/* Whether the promised arena is enough, with some in use already: every alignment. */
static bool is_arena_enough(const char *text, size_t len)
{
	struct json_fault fault;
	const struct json_value *v;
	bool enough = true;
	for (size_t used = 0; used < 16; used++) {
		struct arena a = {.used = used, .cap = used + JSON_ARENA_BYTES(len)};
		a.base = allocate(a.cap);
		enough &= json_parse((const uint8_t *)text, len, &a, &v, &fault) != -ENOMEM;
		free(a.base);
	}
	return enough;
}

static void test_promised_arena(void)
{
	static const char *const dear[] = {
		"1",          "-1",       "[1,1,1,1,1,1,1,1]",
		"[[],[],[]]", "{\"\":1}", "{\"a\":{\"\":1},\"b\":{\"\":1},\"c\":{\"\":1}}",
	};
	bool enough = true;
	for (size_t i = 0; i < sizeof(dear) / sizeof(*dear); i++)
		for (size_t len = 0; len <= strlen(dear[i]); len++)
			enough &= is_arena_enough(dear[i], len);
	tap_ok(enough, "JSON_ARENA_BYTES is enough for the dearest texts");

	static const char *const cores[] = {"", "1", "x", "\"", "{", "{\"", "{\"a\":1"};
	for (size_t depth = 0; depth <= JSON_DEPTH_MAX; depth++) {
		for (size_t i = 0; i < sizeof(cores) / sizeof(*cores); i++) {
			char deep[JSON_DEPTH_MAX + 32];
			struct buf b = {.data = deep, .len = depth, .cap = sizeof(deep)};
			memset(deep, '[', depth);
			buf_add_text(&b, cores[i]);
			enough &= is_arena_enough(deep, b.len);
		}
	}
	tap_ok(enough, "JSON_ARENA_BYTES is enough for what ends early");
}

/* Texts of a mebibyte made of one piece again and again. */
static void test_long_texts(void)
{
	static const struct {
		const char *what, *begin, *piece, *end;
	} table[] = {
		{"digits in an array", "[1", ",1", "]"},
		{"empty arrays", "[[]", ",[]", "]"},
		{"white space", "", " \n\r\t", "1"},
		{"a string", "\"", "0123456789abcdef", "\""},
		{"a string of escapes", "\"", "\\ud83d\\ude00", "\""},
		{"a string of UTF-8", "\"", "\xF0\x9F\x98\x80", "\""},
		{"an integer's digits", "0.1", "1", ""},
		{"digits of an exponent", "1e-1", "0", ""},
		{"a name", "{\"", "a", "\":1}"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct buf b = {.data = allocate(MIB), .cap = MIB};
		size_t piece = strlen(table[i].piece);
		buf_add_text(&b, table[i].begin);
		while (b.cap - b.len >= piece + strlen(table[i].end))
			buf_add(&b, table[i].piece, piece);
		buf_add_text(&b, table[i].end);
		size_t at = 0;
		tap_ok(!b.full && parse_only(&b, &at) == 0, "a mebibyte: %s", table[i].what);
		free(b.data);
	}
}

/* An object of count members. Their names share a prefix; the tail tells them apart by `step`. */
static struct buf object_of(size_t count, const char *prefix, size_t step)
{
	struct buf b = {.cap = count * (strlen(prefix) + 32) + 64};
	b.data = allocate(b.cap);
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, "%s\"%s%zx\":%zu", i == 0 ? "{" : ",", prefix, i * step, i);
	buf_add_text(&b, "}");
	return b;
}

static void test_many_names(const char *what, const char *prefix, size_t step)
{
	const size_t count = 60000;
	struct buf b = object_of(count, prefix, step);
	struct outcome o = parse(&b);
	tap_ok(!b.full && o.rc == 0 && o.root->count == count, "60,000 names: %s", what);
	free(o.arena.base);

	/* The last name once more, and the first. */
	struct buf again = {.data = allocate(b.len + 128), .cap = b.len + 128};
	buf_add(&again, b.data, b.len - 1);
	buf_printf(&again, ",\"%s%zx\":0}", prefix, (count - 1) * step);
	size_t at = 0;
	tap_ok(parse_only(&again, &at) == -EINVAL && at == b.len, "and the last again");
	again.len = b.len - 1;
	buf_printf(&again, ",\"%s%x\":0}", prefix, 0U);
	tap_ok(parse_only(&again, &at) == -EINVAL && at == b.len, "and the first again");
	free(again.data);
	free(b.data);
}

/* Names that make the tree as deep as it can be, and short ones that would walk down there. */
static void test_deep_names(void)
{
	const size_t longest = 1000;
	struct buf b = {.data = allocate(MIB), .cap = MIB};
	char a[1001];
	memset(a, 'a', sizeof(a));
	for (size_t i = 0; i <= longest; i++)
		buf_printf(&b, "%s\"%.*s\":1", i == 0 ? "{" : ",", (int)i, a);
	for (size_t i = 0; i < 30000; i++)
		buf_printf(&b, ",\"%zx\":1", i + 0x10000);
	buf_add_text(&b, "}");
	struct outcome o = parse(&b);
	tap_ok(!b.full && o.rc == 0 && o.root->count == longest + 30001, "names of each length");

	const struct json_value *v = o.root->first;
	bool right = true;
	for (size_t i = 0; i <= longest; i++, v = v->next)
		right &= v->key_len == i;
	tap_ok(right, "and their lengths are right");
	free(o.arena.base);
	free(b.data);
}

/* All pairs of short names whose bytes differ in the highest bit or the lowest, or are NUL. */
static void test_name_pairs(void)
{
	static const char *const pieces[] = {"", "a", "b", "c", "\\u0000", "\\u0001", "\\u0080"};
	enum { PIECES = sizeof(pieces) / sizeof(*pieces), NAMES = PIECES * PIECES };
	char names[NAMES][16];
	bool right = true;
	for (size_t i = 0; i < NAMES; i++)
		snprintf(names[i], 16, "%s%s", pieces[i / PIECES], pieces[i % PIECES]);
	for (size_t i = 0; i < NAMES; i++) {
		for (size_t j = 0; j < NAMES; j++) {
			char text[80];
			struct buf b = {.data = text, .cap = sizeof(text)};
			buf_printf(&b, "{\"%s\":1,\"%s\":1}", names[i], names[j]);
			bool equal = strcmp(names[i], names[j]) == 0;
			size_t at;
			right &= parse_only(&b, &at) == (equal ? -EINVAL : 0);
		}
	}
	tap_ok(right, "two names are duplicates exactly if they are equal");
}

int main(void)
{
	test_depth();
	test_small_arenas();
	test_promised_arena();
	test_long_texts();
	test_many_names("short", "", 1);
	test_many_names("scattered", "", 0x9E3779B97F4A7C15U);
	test_many_names("with a common prefix", "the-same-long-prefix-in-each-of-them-", 1);
	test_deep_names();
	test_name_pairs();
	return tap_done();
}
