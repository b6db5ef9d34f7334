/* SPDX-License-Identifier: MIT */
/* A line of the metrics, as squashctl reads it: what is read lies within the line, and written as
 * the appliance writes it, it is read as the same. */
#include "api/exposition.h"
#include "ctl/sample.h"
#include "fuzz.h"

#define LABEL "sandbox"

static void check_inside(const char *at, size_t at_len, const char *line, size_t len)
{
	CHECK(at >= line && at_len <= len && at + at_len <= line + len);
}

static void check_again(const struct sample *s, size_t size)
{
	size_t cap = size + 64;
	char *name = fuzz_take(s->name_len + 1), *text = fuzz_take(cap);
	struct buf b = {.data = text, .cap = cap};
	struct exposition_label label = {LABEL, s->label, s->label_len};
	struct sample again;
	memcpy(name, s->name, s->name_len);
	name[s->name_len] = '\0';
	bool is_plain = strlen(name) == s->name_len && !memchr(s->label, '\n', s->label_len) &&
			s->whole < UINT64_MAX / UNIT_MICRO;
	if (is_plain) {
		exposition_sample(&b, name, "", &label, 1, s->whole * UNIT_MICRO + s->micros,
				  UNIT_MICRO);
		CHECK(!b.full && b.len > 0 && text[b.len - 1] == '\n');
		CHECK(sample_read(&again, LABEL, text, b.len - 1));
		CHECK(again.whole == s->whole && again.micros == s->micros);
		CHECK(sample_is(&again, name) && again.label_len == s->label_len);
		CHECK(memcmp(again.label, s->label, s->label_len) == 0);
	}
	free(name);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = fuzz_copy(data, size);
	struct sample s;
	if (sample_read(&s, LABEL, line, size)) {
		check_inside(s.name, s.name_len, line, size);
		check_inside(s.label, s.label_len, line, size);
		check_again(&s, size);
	}
	free(line);
	return 0;
}
