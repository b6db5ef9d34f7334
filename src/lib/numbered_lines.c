/* SPDX-License-Identifier: MIT */
#include "numbered_lines.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static uint64_t read_number(const char *text, size_t len)
{
	size_t at = sizeof(NUMBERED_LINE) - 1;
	uint64_t number = 0;
	if (len < at || memcmp(text, NUMBERED_LINE, at) != 0)
		return 0;
	for (; at < len && text[at] >= '0' && text[at] <= '9'; at++) {
		unsigned digit = (unsigned)(text[at] - '0');
		if (number > ((uint64_t)INT64_MAX - digit) / 10)
			return 0;
		number = number * 10 + digit;
	}
	return number;
}

void numbered_lines_add(struct numbered_lines *l, const char *text, size_t len)
{
	const char *newline, *end = text + len;
	for (const char *at = text; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			return; /* being written, or torn by a power cut */
		size_t n = (size_t)(newline + 1 - at);
		if (n >= NUMBERED_LINE_MIN && l->count < l->max)
			l->all[l->count++] =
				(struct numbered_line){at, n, read_number(at, n), false};
	}
}

static int compare(const void *a, const void *b)
{
	const struct numbered_line *one = a, *other = b;
	if (one->number != other->number)
		return one->number < other->number ? -1 : 1;
	return one->text < other->text ? -1 : one->text > other->text;
}

static bool is_copy(const struct numbered_line *line, const struct numbered_line *other)
{
	return line->number > 0 && line->number == other->number && line->len == other->len &&
	       memcmp(line->text, other->text, line->len) == 0;
}

void numbered_lines_sort(struct numbered_lines *l)
{
	size_t count = 0;
	if (l->count > 0)
		qsort(l->all, l->count, sizeof(l->all[0]), compare);
	for (size_t i = 0; i < l->count; i++)
		if (count == 0 || !is_copy(&l->all[i], &l->all[count - 1]))
			l->all[count++] = l->all[i];
	l->count = count;
}
