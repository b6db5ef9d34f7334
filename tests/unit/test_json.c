/* SPDX-License-Identifier: MIT */
/* The JSON parser: what RFC 8259 allows and forbids, production by production. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "tap.h"

/* A text with its length, so that NULs may be in it. */
#define TEXT(literal) (literal), sizeof(literal) - 1

struct accept {
	const char *text;
	size_t len;
	enum json_type type;
	size_t count;
};

struct reject {
	const char *text;
	size_t len;
	size_t offset;
	const char *reason;
};

struct string {
	const char *text;
	size_t len;
	const char *decoded;
	size_t decoded_len;
};

struct number {
	const char *text;
	double value;
	int integer_rc; /* what json_integer returns */
	int64_t integer;
};

/* The text's value, in an arena of the promised size that the caller frees. The text is copied into
 * memory of its very size, for the sanitizer to see reads past its end. */
static int parse(const char *text, size_t len, struct arena *a, const struct json_value **root,
		 struct json_fault *fault)
{
	*a = (struct arena){.cap = JSON_ARENA_BYTES(len)};
	a->base = malloc(a->cap);
	uint8_t *copy = malloc(len > 0 ? len : 1);
	if (!a->base || !copy)
		abort();
	memcpy(copy, text, len);
	*root = NULL;
	int rc = json_parse(copy, len, a, root, fault);
	free(copy);
	return rc;
}

static void test_accept(void)
{
	static const struct accept table[] = {
		/* section 2: any value is a text; white space around everything */
		{TEXT("null"), JSON_NULL, 0},
		{TEXT(" \t\r\n0 \t\r\n"), JSON_NUMBER, 0},
		{TEXT("\"\""), JSON_STRING, 0},
		{TEXT("\n[\n1\n,\n2\n]\n"), JSON_ARRAY, 2},
		{TEXT("\r{\r\"a\"\r:\r1\r,\r\"b\"\r:\r2\r}\r"), JSON_OBJECT, 2},
		/* section 3: the three names */
		{TEXT("true"), JSON_TRUE, 0},
		{TEXT("false"), JSON_FALSE, 0},
		{TEXT("[true,false,null]"), JSON_ARRAY, 3},
		/* section 4: objects */
		{TEXT("{}"), JSON_OBJECT, 0},
		{TEXT("{ }"), JSON_OBJECT, 0},
		{TEXT("{\"\":0}"), JSON_OBJECT, 1},
		{TEXT("{\"a\":{\"a\":{\"a\":{}}}}"), JSON_OBJECT, 1},
		{TEXT("{\"a\":1,\"A\":1,\"aa\":1,\"\":1,\"a\\u0000\":1}"), JSON_OBJECT, 5},
		/* section 5: arrays */
		{TEXT("[]"), JSON_ARRAY, 0},
		{TEXT("[ ]"), JSON_ARRAY, 0},
		{TEXT("[[]]"), JSON_ARRAY, 1},
		{TEXT("[0,\"\",{},[],null]"), JSON_ARRAY, 5},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct arena a;
		const struct json_value *v;
		struct json_fault fault = {0, ""};
		int rc = parse(table[i].text, table[i].len, &a, &v, &fault);
		size_t walked = 0;
		for (const struct json_value *m = rc == 0 ? v->first : NULL; m; m = m->next)
			walked++;
		tap_ok(rc == 0 && v->type == table[i].type && v->count == table[i].count &&
			       walked == table[i].count && !v->key && !v->next,
		       "accept %zu", i);
		if (rc < 0)
			tap_note("%s: %s at %zu", table[i].text, fault.reason, fault.offset);
		free(a.base);
	}
}

static void test_reject(void)
{
	static const char early[] = "the text ends early";
	static const char value[] = "expected a value";
	static const char word[] = "expected true, false or null";
	static const char name[] = "expected a member name";
	static const char in_object[] = "expected ',' or '}'";
	static const char in_array[] = "expected ',' or ']'";
	static const char after[] = "expected nothing after the value";
	static const char digit[] = "expected a digit";
	static const char zero[] = "digit after a leading zero";
	static const char range[] = "number out of range";
	static const char hex[] = "expected a hexadecimal digit";
	static const char lone[] = "unpaired surrogate";
	static const char escape[] = "unknown escape";
	static const char control[] = "control character in a string";
	static const char utf8[] = "invalid UTF-8";
	static const char twice[] = "duplicate member name";
	static const struct reject table[] = {
		/* section 2: one value, the four kinds of white space, no byte order mark */
		{TEXT(""), 0, early},
		{TEXT(" "), 1, early},
		{TEXT("1 2"), 2, after},
		{TEXT("{}}"), 2, after},
		{TEXT("[],"), 2, after},
		{TEXT("null\0"), 4, after},
		{TEXT("\0"), 0, value},
		{TEXT("\f1"), 0, value},
		{TEXT("\v1"), 0, value},
		{TEXT("\xC2\xA0"
		      "1"),
		 0, value},
		{TEXT("\xEF\xBB\xBF"
		      "1"),
		 0, value},
		{TEXT("/**/1"), 0, value},
		{TEXT("1 // one"), 2, after},
		{TEXT("'a'"), 0, value},
		{TEXT("]"), 0, value},
		/* section 3: lower case, whole, nothing else */
		{TEXT("True"), 0, value},
		{TEXT("tRue"), 1, word},
		{TEXT("nul"), 3, early},
		{TEXT("falsy"), 4, word},
		{TEXT("truee"), 4, after},
		{TEXT("[nulll]"), 5, in_array},
		{TEXT("NaN"), 0, value},
		{TEXT("nan"), 1, word},
		{TEXT("Infinity"), 0, value},
		{TEXT("undefined"), 0, value},
		/* section 4 */
		{TEXT("{"), 1, early},
		{TEXT("{\"a\""), 4, early},
		{TEXT("{\"a\":"), 5, early},
		{TEXT("{\"a\":1"), 6, early},
		{TEXT("{\"a\":1,"), 7, early},
		{TEXT("{,}"), 1, name},
		{TEXT("{\"a\":1,}"), 7, name},
		{TEXT("{a:1}"), 1, name},
		{TEXT("{1:1}"), 1, name},
		{TEXT("{\"a\" 1}"), 5, "expected ':'"},
		{TEXT("{\"a\"::1}"), 5, value},
		{TEXT("{\"a\":}"), 5, value},
		{TEXT("{\"a\":1 \"b\":2}"), 7, in_object},
		{TEXT("{\"a\":1]"), 6, in_object},
		{TEXT("{\"a\":1,\"a\":2}"), 7, twice},
		{TEXT("{\"\":1,\"\":2}"), 6, twice},
		{TEXT("{\"a\":1,\"\\u0061\":2}"), 7, twice},
		{TEXT("{\"a\":1,\"b\":{\"a\":1},\"b\":3}"), 19, twice},
		{TEXT("{\"a\":1,\"a\":"), 7, twice},
		/* section 5 */
		{TEXT("["), 1, early},
		{TEXT("[1"), 2, early},
		{TEXT("[1,"), 3, early},
		{TEXT("[,1]"), 1, value},
		{TEXT("[1,]"), 3, value},
		{TEXT("[1,,2]"), 3, value},
		{TEXT("[1 2]"), 3, in_array},
		{TEXT("[1}"), 2, in_array},
		{TEXT("[\"a\":1]"), 4, in_array},
		/* section 6 */
		{TEXT("-"), 1, early},
		{TEXT("-a"), 1, digit},
		{TEXT("--1"), 1, digit},
		{TEXT("+1"), 0, value},
		{TEXT("01"), 1, zero},
		{TEXT("-00"), 2, zero},
		{TEXT("0x1"), 1, after},
		{TEXT(".5"), 0, value},
		{TEXT("1."), 2, early},
		{TEXT("[1.]"), 3, digit},
		{TEXT("1.e1"), 2, digit},
		{TEXT("-.5"), 1, digit},
		{TEXT("1e"), 2, early},
		{TEXT("1e+"), 3, early},
		{TEXT("[1e+]"), 4, digit},
		{TEXT("1e+-1"), 3, digit},
		{TEXT("1e1.5"), 3, after},
		{TEXT("1,5"), 1, after},
		{TEXT("1_000"), 1, after},
		{TEXT("[1e309]"), 1, range},
		{TEXT("-1e99999999999999999999"), 0, range},
		/* section 7 */
		{TEXT("\""), 1, early},
		{TEXT("\"a"), 2, early},
		{TEXT("\"\\"), 2, early},
		{TEXT("\"\\\""), 3, early},
		{TEXT("\"\\u12"), 5, early},
		{TEXT("\"\\u12\""), 5, hex},
		{TEXT("\"\\u12g4\""), 5, hex},
		{TEXT("\"\\u 123\""), 3, hex},
		{TEXT("\"a\\x41\""), 2, escape},
		{TEXT("\"\\U0041\""), 1, escape},
		{TEXT("\"\\'\""), 1, escape},
		{TEXT("\"\\\0\""), 1, escape},
		{TEXT("\"\\\n\""), 1, escape},
		{TEXT("\"a\nb\""), 2, control},
		{TEXT("\"\t\""), 1, control},
		{TEXT("\"\0\""), 1, control},
		{TEXT("\"\x1F\""), 1, control},
		{TEXT("{\"\n\":1}"), 2, control},
		/* section 8.2: surrogates come in pairs */
		{TEXT("\"a\\ud800\""), 2, lone},
		{TEXT("\"\\udbff"), 1, lone},
		{TEXT("\"\\ud800x\""), 1, lone},
		{TEXT("\"\\ud800\\n\""), 1, lone},
		{TEXT("\"\\udc00\""), 1, lone},
		{TEXT("\"\\udc00\\ud800\""), 1, lone},
		{TEXT("\"\\ud800\\ud800\\udc00\""), 1, lone},
		{TEXT("\"\\ud800\\u0041\""), 1, lone},
		{TEXT("\"\\ud800\\u00\""), 11, hex},
		/* section 8.1: UTF-8, well-formed */
		{TEXT("\"\x80\""), 1, utf8},
		{TEXT("\"a\xC3\""), 2, utf8},
		{TEXT("\"\xC0\x80\""), 1, utf8},
		{TEXT("\"\xC1\xBF\""), 1, utf8},
		{TEXT("\"\xE0\x9F\xBF\""), 1, utf8},
		{TEXT("\"\xE2\x82\""), 1, utf8},
		{TEXT("\"\xE2\x82"), 1, utf8},
		{TEXT("\"\xED\xA0\x80\""), 1, utf8},
		{TEXT("\"\xF0\x8F\xBF\xBF\""), 1, utf8},
		{TEXT("\"\xF4\x90\x80\x80\""), 1, utf8},
		{TEXT("\"\xF5\x80\x80\x80\""), 1, utf8},
		{TEXT("\"\xFF\""), 1, utf8},
		{TEXT("{\"\xFE\":1}"), 2, utf8},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct arena a;
		const struct json_value *v;
		struct json_fault fault = {0, "accepted"};
		int rc = parse(table[i].text, table[i].len, &a, &v, &fault);
		if (!tap_ok(rc == -EINVAL && fault.offset == table[i].offset &&
				    strcmp(fault.reason, table[i].reason) == 0,
			    "reject %zu: %s", i, table[i].reason))
			tap_note("%s: %d, %s at %zu", table[i].text, rc, fault.reason,
				 fault.offset);
		free(a.base);
	}
}

static void test_strings(void)
{
	static const struct string table[] = {
		{TEXT("\"\""), TEXT("")},
		{TEXT("\"a/b c\""), TEXT("a/b c")},
		{TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\/\b\f\n\r\t")},
		{TEXT("\"\x7F\""), TEXT("\x7F")},
		{TEXT("\"\\u0000a\\u0000\""), TEXT("\0a\0")},
		{TEXT("\"\\u0041\\u00e9\\u20AC\\uFFFF\""), TEXT("A\u00e9\u20ac\uffff")},
		{TEXT("\"\\u007f\\u0080\\u07ff\\u0800\""),
		 TEXT("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80")},
		{TEXT("\"\\ud7ff\\ue000\""), TEXT("\xED\x9F\xBF\xEE\x80\x80")},
		{TEXT("\"\\ud83d\\ude00\\uD800\\uDC00\\uDBFF\\uDFFF\""),
		 TEXT("\U0001f600\U00010000\U0010ffff")},
		{TEXT("\"\u00e9\u20ac\U0001f600\""), TEXT("\u00e9\u20ac\U0001f600")},
		{TEXT("\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"
		      "\""),
		 TEXT("\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF")},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct arena a;
		const struct json_value *v;
		struct json_fault fault;
		int rc = parse(table[i].text, table[i].len, &a, &v, &fault);
		tap_ok(rc == 0 && v->type == JSON_STRING && v->text_len == table[i].decoded_len &&
			       memcmp(v->text, table[i].decoded, v->text_len + 1) == 0,
		       "string %zu", i);
		free(a.base);
	}
}

static void test_numbers(void)
{
	static const struct number table[] = {
		{"0", 0, 0, 0},
		{"-0", -0.0, 0, 0},
		{"-0.0e-5", -0.0, 0, 0},
		{"0e999999999999999999999", 0, 0, 0},
		{"42", 42, 0, 42},
		{"-1", -1, 0, -1},
		{"1.0", 1, 0, 1},
		{"1e3", 1000, 0, 1000},
		{"1E+3", 1000, 0, 1000},
		{"100e-2", 1, 0, 1},
		{"-12.50e1", -125, 0, -125},
		{"1.5", 1.5, -EINVAL, 0},
		{"0.5e1", 5, 0, 5},
		{"0.05e1", 0.5, -EINVAL, 0},
		{"10e-2", 0.1, -EINVAL, 0},
		{"0.1", 0.1, -EINVAL, 0},
		{"2.25", 2.25, -EINVAL, 0},
		{"0.00000000000000000001e20", 1, 0, 1},
		{"1.00000000000000000000000000000000000001", 1, -EINVAL, 0},
		{"1e-999999999999999999999", 0, -EINVAL, 0},
		{"9007199254740993", 9007199254740992.0, 0, INT64_C(9007199254740993)},
		{"9223372036854775807", 9223372036854775807.0, 0, INT64_MAX},
		{"-9223372036854775808", -9223372036854775808.0, 0, INT64_MIN},
		{"9223372036854775808", 9223372036854775808.0, -ERANGE, 0},
		{"-9223372036854775809", -9223372036854775808.0, -ERANGE, 0},
		{"92233720368547758070e-1", 9223372036854775807.0, 0, INT64_MAX},
		{"922337203685477580.7e1", 9223372036854775807.0, 0, INT64_MAX},
		{"1e18", 1e18, 0, INT64_C(1000000000000000000)},
		{"1e19", 1e19, -ERANGE, 0},
		{"1e300", 1e300, -ERANGE, 0},
		{"18446744073709551616", 18446744073709551616.0, -ERANGE, 0},
		{"1.7976931348623157e308", 1.7976931348623157e308, -ERANGE, 0},
		{"4.9e-324", 4.9e-324, -EINVAL, 0},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct arena a;
		const struct json_value *v;
		struct json_fault fault;
		int64_t integer = 0;
		int rc = parse(table[i].text, strlen(table[i].text), &a, &v, &fault);
		tap_ok(rc == 0 && v->type == JSON_NUMBER && strcmp(v->text, table[i].text) == 0 &&
			       v->number == table[i].value &&
			       !signbit(v->number) == !signbit(table[i].value) &&
			       json_integer(v, &integer) == table[i].integer_rc &&
			       integer == table[i].integer,
		       "number %s", table[i].text);
		free(a.base);
	}
	int64_t unused;
	tap_ok(json_integer(NULL, &unused) == -EINVAL, "no integer in nothing");
}

static void test_access(void)
{
	static const char text[] =
		" {\"id\" : \"a\\u0000b\", \"n\": [ 1,true ], \"id\\u0000\": null }";
	struct arena a;
	const struct json_value *v;
	struct json_fault fault;
	int rc = parse(TEXT(text), &a, &v, &fault);
	const struct json_value *id = json_get(v, "id");
	const struct json_value *n = json_get(v, "n");
	int64_t integer;
	if (!tap_ok(rc == 0 && id && n, "members are found"))
		return;
	tap_ok(v->offset == 1 && id->offset == 9 && n->offset == 26 && n->first->offset == 28,
	       "values know their offsets");
	tap_ok(id->text_len == 3 && id->key_len == 2 && strcmp(id->key, "id") == 0, "lengths");
	tap_ok(id->next == n && !n->next->next && n->next->key_len == 3, "order is kept");
	tap_ok(!n->first->key && n->first->next->type == JSON_TRUE, "elements have no key");
	tap_ok(!json_get(v, "i") && !json_get(v, "") && !json_get(v, "idx"), "absent names");
	tap_ok(!json_get(n, "id") && !json_get(NULL, "id"), "nothing to get from a non-object");
	tap_ok(json_integer(id, &integer) == -EINVAL, "a string is no integer");
	free(a.base);
}

int main(void)
{
	test_accept();
	test_reject();
	test_strings();
	test_numbers();
	test_access();
	return tap_done();
}
