/* SPDX-License-Identifier: MIT */
/* What stands behind the ? of a URL: what is taken are the known parameters, once each, without a
 * NUL; written anew, with all that can be encoded, it is the same. */
#include <errno.h>
#include <stdbool.h>

#include "api/query.h"
#include "fuzz.h"

static const struct query_parameter known[] = {{"name", TAG_MODULE}, {"sha256", TAG_SHA256}};

enum { COUNT = sizeof(known) / sizeof(known[0]) };

static const char *name_of(uint32_t tag)
{
	return tag == TAG_MODULE ? "name" : "sha256";
}

/* The fields as a query in which each byte of a value is encoded. */
static void write_query(struct msg_cursor c, struct buf *out)
{
	struct msg_field f;
	while (msg_next(&c, &f) > 0) {
		buf_printf(out, "%s%s=", out->len > 0 ? "&" : "", name_of(f.tag));
		for (size_t i = 0; i < f.len; i++)
			buf_printf(out, "%%%02x", f.data[i]);
	}
	buf_add(out, "", 1);
}

static void check_taken(const struct buf *fields)
{
	static char text[32768], memory[16384];
	struct buf out = {.data = text, .cap = sizeof(text)};
	struct buf again = {.data = memory, .cap = sizeof(memory)};
	struct msg_cursor c = {.at = (const uint8_t *)fields->data, .left = fields->len};
	struct request_fault fault;
	struct msg_field f;
	unsigned names = 0, hashes = 0;
	write_query(c, &out);
	while (msg_next(&c, &f) > 0) {
		CHECK(f.tag == TAG_MODULE || f.tag == TAG_SHA256);
		CHECK(f.len < QUERY_VALUE_BYTES && !memchr(f.data, 0, f.len));
		names += f.tag == TAG_MODULE;
		hashes += f.tag == TAG_SHA256;
	}
	CHECK(names <= 1 && hashes <= 1 && !out.full);
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
