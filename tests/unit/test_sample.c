/* SPDX-License-Identifier: MIT */
/* What squashctl reads of the metrics, and what top makes of two looks. */
#include <stdio.h>
#include <string.h>

#include "ctl/figures.h"
#include "ctl/sample.h"
#include "exact.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CPU "squash_sandbox_cpu_seconds_total"
#define MEMORY "squash_sandbox_memory_bytes"

static void test_good(void)
{
	static const struct {
		const char *line, *name, *label;
		uint64_t whole;
		uint32_t micros;
	} cases[] = {
		{"x{sandbox=\"dev\"} 7", "x", "dev", 7, 0},
		{"x_total{sandbox=\"a-b_C\"} 0.25", "x_total", "a-b_C", 0, 250000},
		{"x{sandbox=\"dev\"} 18446744073709551615.000001", "x", "dev", UINT64_MAX, 1},
		{"x{sandbox=\"\"} 1.999999", "x", "", 1, 999999},
		{"x{sandbox=\"} 1\"} 2", "x", "} 1", 2, 0},
	};
	struct sample s;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *line = exact_copy(cases[i].line, strlen(cases[i].line));
		tap_ok(sample_read(&s, "sandbox", line, strlen(cases[i].line)) &&
			       sample_is(&s, cases[i].name) &&
			       s.label_len == strlen(cases[i].label) &&
			       memcmp(s.label, cases[i].label, s.label_len) == 0 &&
			       s.whole == cases[i].whole && s.micros == cases[i].micros,
		       "%s", cases[i].line);
		free(line);
	}
}

static void test_bad(void)
{
	static const char *const lines[] = {
		"",
		"#",
		"# TYPE x{sandbox=\"dev\"} 1",
		"x",
		"x 7",
		"x{",
		"{sandbox=\"dev\"} 1",
		"x{sandbox=\"dev\"}",
		"x{sandbox=\"dev\"} ",
		"x{sandbox=\"dev",
		"x{sandbox=dev} 1",
		"x{sandboxes=\"dev\"} 1",
		"x{result=\"ok\"} 1",
		"x{sandbox=\"dev\",result=\"ok\"} 1",
		"x{sandbox=\"d\\\"v\"} 1",
		"x{sandbox=\"dev\"} -1",
		"x{sandbox=\"dev\"} +Inf",
		"x{sandbox=\"dev\"} 1.",
		"x{sandbox=\"dev\"} .5",
		"x{sandbox=\"dev\"} 1.0000001",
		"x{sandbox=\"dev\"} 1e3",
		"x{sandbox=\"dev\"} 18446744073709551616",
		"x{sandbox=\"dev\"} 1 1700000000000",
	};
	struct sample s;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char *line = exact_copy(lines[i], strlen(lines[i]));
		tap_ok(!sample_read(&s, "sandbox", line, strlen(lines[i])), "none: %s", lines[i]);
		free(line);
	}
}

static void take(struct figures *f, const char *line)
{
	figures_take(f, line, strlen(line));
}

static void test_figures(void)
{
	static struct figures before, now;
	uint64_t used = 0;
	char line[128];
	take(&before, CPU "{sandbox=\"dev\"} 10.5");
	take(&before, CPU "{sandbox=\"older\"} 10.5");
	before.at_ms = 1000;
	take(&now, "# TYPE " CPU " counter");
	take(&now, CPU "{sandbox=\"de\"} 1");
	take(&now, CPU "{sandbox=\"dev\"} 11.75");
	take(&now, CPU "{sandbox=\"older\"} 0");
	take(&now, "squash_sandbox_cpu_limit_cores{sandbox=\"other\"} 2");
	take(&now, MEMORY "{sandbox=\"dev\"} 4096");
	now.at_ms = 3000;
	tap_ok(now.count == 3, "a sandbox has one place, and what isn't shown none");
	const struct figure *dev = figures_find(&now, "dev");
	tap_ok(dev && dev->memory_bytes == 4096 && dev->cpu_us == 11750000, "its figures");
	tap_ok(!figures_find(&now, "other"), "of others there are none");
	tap_ok(figures_cpu(&before, &now, "dev", &used) && used == 62,
	       "1.25 seconds in 2 are 0.62 processors");
	tap_ok(!figures_cpu(&before, &now, "de", &used), "one that is new has used nobody knows");
	tap_ok(!figures_cpu(&before, &now, "older", &used), "so has one that was made anew");
	tap_ok(!figures_cpu(&now, &now, "dev", &used), "and any in no time");
	take(&now, CPU "{sandbox=\"big\"} 18446744073709551615");
	tap_ok(!figures_cpu(&now, &now, "big", &used), "a time that is none is left out");
	for (size_t i = 0; i < LIMIT_SANDBOXES + 10; i++) {
		snprintf(line, sizeof(line), MEMORY "{sandbox=\"n%zu\"} 1", i);
		take(&now, line);
	}
	tap_ok(now.count == LIMIT_SANDBOXES, "there are no more places than sandboxes");
}

int main(void)
{
	test_good();
	test_bad();
	test_figures();
	return tap_done();
}
