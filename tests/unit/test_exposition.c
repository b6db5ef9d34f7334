/* SPDX-License-Identifier: MIT */
/* The text that Prometheus reads: heads, labels, numbers. */
#include <string.h>

#include "api/exposition.h"
#include "tap.h"

struct page {
	char text[1024];
	struct buf out;
};

static struct buf *begin(struct page *p)
{
	p->out = (struct buf){.data = p->text, .cap = sizeof(p->text)};
	return &p->out;
}

static bool is_written(const struct page *p, const char *expected)
{
	bool equal = p->out.len == strlen(expected) && memcmp(p->text, expected, p->out.len) == 0;
	if (!equal)
		tap_note("%.*s", (int)p->out.len, p->text);
	return equal;
}

static void test_numbers(void)
{
	static const struct {
		uint64_t number;
		enum exposition_unit unit;
		const char *text;
	} cases[] = {
		{0, UNIT_ONE, "0"},
		{UINT64_MAX, UNIT_ONE, "18446744073709551615"},
		{0, UNIT_MILLI, "0"},
		{1, UNIT_MILLI, "0.001"},
		{5, UNIT_MILLI, "0.005"},
		{250, UNIT_MILLI, "0.25"},
		{999, UNIT_MILLI, "0.999"},
		{1000, UNIT_MILLI, "1"},
		{1800000, UNIT_MILLI, "1800"},
		{1010, UNIT_MILLI, "1.01"},
		{1, UNIT_MICRO, "0.000001"},
		{100000, UNIT_MICRO, "0.1"},
		{10000001, UNIT_MICRO, "10.000001"},
		{UINT64_MAX, UNIT_MICRO, "18446744073709.551615"},
	};
	static struct page p;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		exposition_number(begin(&p), cases[i].number, cases[i].unit);
		tap_ok(is_written(&p, cases[i].text), "%s", cases[i].text);
	}
}

static void test_samples(void)
{
	static const char odd[] = "a\"b\\c\nd";
	const struct exposition_label labels[] = {{"sandbox", "dev", 3},
						  {"result", odd, sizeof(odd) - 1}};
	static struct page p;
	exposition_head(begin(&p), "x_total", "counter", "How many.");
	tap_ok(is_written(&p, "# HELP x_total How many.\n# TYPE x_total counter\n"), "a head");
	exposition_sample(begin(&p), "x_total", "", NULL, 0, 7, UNIT_ONE);
	tap_ok(is_written(&p, "x_total 7\n"), "a sample without labels");
	exposition_sample(begin(&p), "x", "_bucket", labels, 1, 1500, UNIT_MILLI);
	tap_ok(is_written(&p, "x_bucket{sandbox=\"dev\"} 1.5\n"), "one with a label");
	exposition_sample(begin(&p), "x", "", labels, 2, 0, UNIT_ONE);
	tap_ok(is_written(&p, "x{sandbox=\"dev\",result=\"a\\\"b\\\\c\\nd\"} 0\n"),
	       "one with two, of which one is escaped");
	struct buf small = {.data = p.text, .cap = 8};
	exposition_sample(&small, "x", "", labels, 1, 0, UNIT_ONE);
	tap_ok(small.full, "what doesn't fit is known");
}

int main(void)
{
	test_numbers();
	test_samples();
	return tap_done();
}
