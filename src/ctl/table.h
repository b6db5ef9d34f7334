/* SPDX-License-Identifier: MIT */
/* Tables for people: columns as wide as they must be. */
#ifndef SQUASH_CTL_TABLE_H
#define SQUASH_CTL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/json.h"

#define TABLE_COLUMNS_MAX 10

struct table_cell {
	const char *text;
	size_t len, width;
	struct table_cell *next; /* in the order of reading */
};

struct table {
	struct arena *arena; /* borrowed */
	size_t columns, at;  /* at: of the next cell */
	size_t width[TABLE_COLUMNS_MAX];
	bool right[TABLE_COLUMNS_MAX]; /* numbers */
	struct table_cell *first, *last;
};

/* Begin one of those columns, which spaces divide. One with a ">" before it is set to the right. */
void table_init(struct table *t, struct arena *a, const char *heads);

/* The next cell: text of anybody's, which is shown as show.h says. */
void table_add(struct table *t, const char *text, size_t len);
void table_text(struct table *t, const char *text);
void table_printf(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A value: a string's text, a number as written, an array's strings with commas between, yes and
 * no; "-" for null, and for what isn't there. */
void table_value(struct table *t, const struct json_value *v);

/* A number of bytes. */
void table_size(struct table *t, const struct json_value *v);

/* The next cells, each a word of cells: the key of a member of the object. "a.b" is a member of a
 * member, "a|b" the first of several that isn't null, "bytes:a" a number of bytes. */
void table_cells(struct table *t, const struct json_value *object, const char *cells);

/* A row for each word of fields, of a name and a value: "name=cell", or a key that is both. */
void table_fields(struct table *t, const struct json_value *object, const char *fields);

/* To stdout; on a terminal no line is longer than it is wide. */
void table_print(const struct table *t);

#endif
