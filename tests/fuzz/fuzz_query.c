/* SPDX-License-Identifier: MIT */
/* What stands behind the ? of a URL: what is taken are the known parameters, once each, without a
 * NUL; written anew, with all that can be encoded, it is the same. */
#include <errno.h>
#include <stdbool.h>

#include "api/query.h"
#include "fuzz.h"

static const struct parameter known[] = {
	{"name", PARAMETER_TEXT, TAG_MODULE},         {"sha256", PARAMETER_TEXT, TAG_SHA256},
	{"offset", PARAMETER_NUMBER, TAG_OFFSET},     {"recursive", PARAMETER_DIGIT, TAG_RECURSIVE},
	{"downgrade", PARAMETER_WORD, TAG_DOWNGRADE}, {"mode", PARAMETER_MODE, TAG_MODE},
};

enum { COUNT = sizeof(known) / sizeof(known[0]) };

static const struct parameter *find(uint32_t tag)
{
	for (size_t i = 0; i < COUNT; i++)
		if (known[i].tag == tag)
			return &known[i];
	CHECK(false);
	return NULL;
}

/* The field's value as text: the bytes of a text are encoded, each of them. */
static void write_value(const struct parameter *p, const struct msg_field *f, struct buf *out)
{
	uint64_t number = 0;
	if (p->type == PARAMETER_TEXT) {
		CHECK(f->len < QUERY_VALUE_BYTES && !memchr(f->data, 0, f->len));
		for (size_t i = 0; i < f->len; i++)
			buf_printf(out, "%%%02x", f->data[i]);
		return;
	}
	CHECK(msg_number(f, &number) == 0);
	if (p->type == PARAMETER_WORD) {
		CHECK(number <= 1);
		buf_add_text(out, number ? "true" : "false");
	} else if (p->type == PARAMETER_MODE) {
		CHECK(number <= 07777);
		buf_printf(out, "%llo", (unsigned long long)number);
	} else {
		CHECK(p->type == PARAMETER_NUMBER || number <= 1);
		buf_printf(out, "%llu", (unsigned long long)number);
	}
}

static void check_taken(const struct buf *fields)
{
	static char text[32768], memory[16384];
	struct buf out = {.data = text, .cap = sizeof(text)};
	struct buf again = {.data = memory, .cap = sizeof(memory)};
	struct msg_cursor c = {.at = (const uint8_t *)fields->data, .left = fields->len};
	struct request_fault fault;
	struct msg_field f;
	unsigned seen = 0;
	while (msg_next(&c, &f) > 0) {
		const struct parameter *p = find(f.tag);
		unsigned bit = 1U << (p - known);
		CHECK(!(seen & bit));
		seen |= bit;
		buf_printf(&out, "%s%s=", out.len > 0 ? "&" : "", p->name);
		write_value(p, &f, &out);
	}
	buf_add(&out, "", 1);
	CHECK(!out.full);
	CHECK(query_parse(text, known, COUNT, &again, &fault) == 0);
	CHECK(again.len == fields->len && memcmp(again.data, fields->data, again.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[16384];
	struct buf fields = {.data = memory, .cap = sizeof(memory)};
	struct request_fault fault = {0};
	char *text = fuzz_take(size + 1);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	int rc = query_parse(text, known, COUNT, &fields, &fault);
	CHECK(!fields.full);
	if (rc == 0) {
		check_taken(&fields);
	} else {
		CHECK(rc == -EINVAL && fault.status == 400 && fault.code && fault.text[0]);
		CHECK(memchr(fault.text, 0, sizeof(fault.text)));
	}
	free(text);
	return 0;
}
