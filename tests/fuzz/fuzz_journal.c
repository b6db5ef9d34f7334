/* SPDX-License-Identifier: MIT */
/* Lines of a journal, as squashd or an egress process left them, behind a byte for how many are
 * kept and one for how long a page is: they lie within the text, in the order of their numbers;
 * what is kept is some of them, and no more than there is room for; pages are all of it. */
#include <stdbool.h>

#include "fuzz.h"
#include "lib/numbered_lines.h"
#include "squashd/store/journal_lines.h"

enum { TEXT_BYTES = 8192, PAGES = 512 };

static struct numbered_line all[NUMBERED_LINES(TEXT_BYTES) + 1];

static void check_lines(const struct numbered_lines *l, const char *text, size_t len)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct numbered_line *line = &l->all[i];
		CHECK(line->text >= text && line->text + line->len <= text + len);
		CHECK(line->len >= NUMBERED_LINE_MIN && line->text[line->len - 1] == '\n');
		CHECK(!memchr(line->text, '\n', line->len - 1));
		CHECK(i == 0 || line->number >= l->all[i - 1].number);
	}
}

static size_t sum(const struct numbered_lines *l)
{
	size_t bytes = 0;
	for (size_t i = 0; i < l->count; i++)
		bytes += l->all[i].len;
	return bytes;
}

/* The number of the last line in the page, which is its oldest. */
static uint64_t last_number(const struct buf *page)
{
	static struct numbered_line some[NUMBERED_LINES(TEXT_BYTES) + 1];
	struct numbered_lines l = {.all = some, .max = NUMBERED_LINES(TEXT_BYTES)};
	numbered_lines_add(&l, page->data, page->len);
	return l.count > 0 ? some[l.count - 1].number : 0;
}

static void check_pages(const struct numbered_lines *l, uint64_t limit)
{
	static char whole_memory[TEXT_BYTES], joined_memory[TEXT_BYTES], memory[TEXT_BYTES];
	struct buf whole = {.data = whole_memory, .cap = TEXT_BYTES};
	struct buf joined = {.data = joined_memory, .cap = TEXT_BYTES};
	uint64_t after = 0;
	for (size_t i = 1; i < l->count; i++)
		if (l->all[i].number > 0 && l->all[i].number == l->all[i - 1].number)
			return; /* two events of one number are nothing of ours */
	journal_lines_page(l, 0, UINT64_MAX, &whole);
	CHECK(!whole.full && whole.len == sum(l));
	for (;;) {
		struct buf page = {.data = memory, .cap = TEXT_BYTES};
		journal_lines_page(l, after, limit, &page);
		buf_add(&joined, page.data, page.len);
		uint64_t last = last_number(&page);
		CHECK(last == 0 || after == 0 || last < after);
		after = last;
		if (after == 0)
			break;
	}
	CHECK(joined.len == whole.len && memcmp(whole.data, joined.data, whole.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct numbered_lines l = {.all = all, .max = NUMBERED_LINES(TEXT_BYTES)};
	if (size < 2 || size > TEXT_BYTES)
		return 0;
	size_t len = size - 2, max = data[0] * len / 128;
	char *text = fuzz_copy(data + 2, len);
	numbered_lines_add(&l, text, len);
	numbered_lines_sort(&l);
	check_lines(&l, text, len);
	check_pages(&l, data[1] + 1U);
	size_t before = sum(&l);
	journal_lines_keep(&l, max);
	check_lines(&l, text, len);
	CHECK(sum(&l) <= max && (sum(&l) == before || before > max));
	free(text);
	return 0;
}
