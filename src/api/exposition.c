/* SPDX-License-Identifier: MIT */
#include "exposition.h"

#include <inttypes.h>

void exposition_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void exposition_number(struct buf *b, uint64_t number, enum exposition_unit unit)
{
	uint64_t one = unit;
	buf_printf(b, "%" PRIu64, number / one);
	if (number % one > 0)
		buf_add_text(b, ".");
	for (uint64_t rest = number % one; rest > 0; rest = rest * 10 % one)
		buf_printf(b, "%" PRIu64, rest * 10 / one);
}

static void add_escaped(struct buf *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n')
			buf_add_text(b, "\\n");
		else if (text[i] == '\\' || text[i] == '"')
			buf_printf(b, "\\%c", text[i]);
		else
			buf_add(b, text + i, 1);
}

void exposition_sample(struct buf *b, const char *name, const char *suffix,
		       const struct exposition_label *labels, size_t label_count, uint64_t number,
		       enum exposition_unit unit)
{
	buf_add_text(b, name);
	buf_add_text(b, suffix);
	for (size_t i = 0; i < label_count; i++) {
		buf_add_text(b, i == 0 ? "{" : ",");
		buf_add_text(b, labels[i].name);
		buf_add_text(b, "=\"");
		add_escaped(b, labels[i].value, labels[i].len);
		buf_add_text(b, "\"");
	}
	buf_add_text(b, label_count > 0 ? "} " : " ");
	exposition_number(b, number, unit);
	buf_add_text(b, "\n");
}
