/* SPDX-License-Identifier: MIT */
/* What exec?stream=1 answers, as squashctl reads it, in pieces of the size that the first byte
 * says: output that is taken lies within what was promised, what is shown of it has nothing in it
 * that acts on a terminal, and the pieces make no difference. */
#include <stdbool.h>
#include <stdint.h>

#include "ctl/lines.h"
#include "ctl/show.h"
#include "fuzz.h"

enum { LINE_BYTES = 4096 };

static _Alignas(max_align_t) unsigned char memory[JSON_ARENA_BYTES(LINE_BYTES) + LINE_BYTES];

static void check_shown(const char *bytes, size_t len)
{
	struct buf out = {.data = fuzz_take(SHOW_BYTES(len)), .cap = SHOW_BYTES(len)};
	show_text(bytes, len, &out);
	CHECK(!out.full);
	for (size_t i = 0; i < out.len; i++)
		CHECK((uint8_t)out.data[i] >= ' ' && out.data[i] != 0x7f);
	CHECK(show_fit(out.data, out.len, show_width(out.data, out.len)) == out.len);
	free(out.data);
}

/* A sum of all that the line says. */
static uint64_t read_line(const char *text, size_t len)
{
	struct arena a = {.base = memory, .cap = sizeof(memory)};
	struct line l;
	char *exact = fuzz_copy(text, len);
	uint64_t sum = 1;
	if (line_read(&l, exact, len, &a)) {
		CHECK(l.kind != LINE_RESULT || (l.exit_code >= 0 && l.exit_code <= 255));
		CHECK(l.kind != LINE_OUTPUT || l.len <= len);
		CHECK(l.kind != LINE_ERROR || l.error);
		if (l.kind == LINE_OUTPUT)
			check_shown(l.bytes, l.len);
		sum = 2 + l.offset + l.len + (uint64_t)l.exit_code + (uint64_t)l.kind;
	}
	free(exact);
	return sum;
}

static uint64_t read_all(const uint8_t *data, size_t size, size_t piece_size)
{
	static char line[LINE_BYTES];
	struct lines s = {.data = line, .cap = sizeof(line)};
	uint64_t sum = 0;
	for (size_t at = 0; at < size; at += piece_size) {
		size_t left = size - at < piece_size ? size - at : piece_size;
		const uint8_t *piece = data + at;
		int rc;
		while ((rc = lines_take(&s, &piece, &left)) == 1)
			sum = sum * 31 + read_line(s.data, s.len);
		if (rc < 0)
			return sum;
		CHECK(left == 0);
	}
	return sum * 31 + s.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > LINE_BYTES)
		return 0;
	CHECK(read_all(data + 1, size - 1, data[0] + 1U) == read_all(data + 1, size - 1, size));
	return 0;
}
