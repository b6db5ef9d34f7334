/* SPDX-License-Identifier: MIT */
/* JSON: any text parses or is refused within the memory that json.h promises to be enough, and what
 * was parsed and is written parses as the same again. */
#include <errno.h>
#include <stdbool.h>

#include "fuzz.h"
#include "lib/json.h"
#include "lib/jsonw.h"

/* Everything but arrays and objects: two values that the writer makes of one are equal. */
static bool is_same_scalar(const struct json_value *a, const struct json_value *b)
{
	int64_t n = 0, m = 0;
	if (a->type != JSON_NUMBER)
		return a->type == b->type && a->text_len == b->text_len &&
		       (!a->text || memcmp(a->text, b->text, a->text_len) == 0);
	if (json_integer(a, &n) == 0)
		return json_integer(b, &m) == 0 && n == m;
	return b->type == JSON_NUMBER && strcmp(a->text, b->text) == 0;
}

static bool is_container(const struct json_value *v)
{
	return v->type == JSON_ARRAY || v->type == JSON_OBJECT;
}

static void check_same(const struct json_value *a, const struct json_value *b)
{
	CHECK(!a->key == !b->key);
	CHECK(!a->key || strcmp(a->key, b->key) == 0);
	if (!is_container(a)) {
		CHECK(is_same_scalar(a, b));
		return;
	}
	CHECK(a->type == b->type && a->count == b->count);
	const struct json_value *i = a->first, *k = b->first;
	for (; i && k; i = i->next, k = k->next)
		check_same(i, k);
	CHECK(!i && !k);
}

/* What json.h says of a value and the text that it comes from; its depth. */
static size_t check_value(const struct json_value *v, size_t len, bool *plain_names)
{
	size_t count = 0, depth = 0;
	CHECK(v->offset < len);
	CHECK(!v->text == (v->type != JSON_STRING && v->type != JSON_NUMBER));
	CHECK(!v->text || v->text[v->text_len] == '\0');
	for (const struct json_value *c = v->first; c; c = c->next, count++) {
		CHECK(c->offset > v->offset);
		CHECK(!c->key == (v->type == JSON_ARRAY));
		CHECK(!c->key || c->key[c->key_len] == '\0');
		if (c->key && strlen(c->key) != c->key_len)
			*plain_names = false;
		else if (c->key)
			CHECK(json_get(v, c->key) == c); /* no second member has the name */
		size_t below = check_value(c, len, plain_names);
		depth = below > depth ? below : depth;
	}
	CHECK(count == v->count);
	return depth + is_container(v);
}

static void check_round_trip(const struct json_value *root, size_t len)
{
	struct buf out = {.cap = JSONW_TEXT_BYTES(len) + 2 * len};
	out.data = fuzz_take(out.cap);
	struct jsonw w;
	jsonw_init(&w, &out);
	jsonw_value(&w, root);
	CHECK(jsonw_is_whole(&w));

	struct arena a = {.cap = JSON_ARENA_BYTES(out.len)};
	const struct json_value *again = NULL;
	struct json_fault fault;
	a.base = fuzz_take(a.cap);
	CHECK(json_parse((const uint8_t *)out.data, out.len, &a, &again, &fault) == 0);
	check_same(root, again);
	free(a.base);
	free(out.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct json_value *root = NULL;
	struct json_fault fault = {.offset = SIZE_MAX};
	/* The arena begins unaligned in use, as after another parse. */
	struct arena a = {.used = size % 16, .cap = size % 16 + JSON_ARENA_BYTES(size)};
	a.base = fuzz_take(a.cap);
	int rc = json_parse(data, size, &a, &root, &fault);
	CHECK(a.used <= a.cap);
	if (rc < 0) {
		CHECK(rc == -EINVAL); /* so much memory is always enough */
		CHECK(fault.offset <= size && fault.reason);
	} else {
		bool plain_names = true;
		size_t depth = check_value(root, size, &plain_names);
		CHECK(depth <= JSON_DEPTH_MAX);
		if (depth <= JSONW_DEPTH_MAX && plain_names)
			check_round_trip(root, size);
	}
	free(a.base);

	/* With less memory: the same, or that it was too little. */
	struct arena small = {.cap = size * 12};
	small.base = fuzz_take(small.cap);
	int small_rc = json_parse(data, size, &small, &root, &fault);
	CHECK(small_rc == rc || small_rc == -ENOMEM);
	CHECK(small.used <= small.cap && (small_rc == 0 || fault.offset <= size));
	free(small.base);
	return 0;
}
