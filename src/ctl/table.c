/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "show.h"

#define GAP 2 /* columns between two cells */

void table_init(struct table *t, struct arena *a, const char *heads)
{
	*t = (struct table){.arena = a};
	for (const char *at = heads; *at; t->columns++) {
		t->right[t->columns] = *at == '>';
		at += *at == '>';
		at += strcspn(at, " ");
		at += *at == ' ';
	}
	for (const char *at = heads; *at;) {
		at += *at == '>';
		size_t len = strcspn(at, " ");
		table_add(t, at, len);
		at += len;
		at += *at == ' ';
	}
}

/* Without memory for it (never, by api.c's arena) the cell is empty. */
void table_add(struct table *t, const char *text, size_t len)
{
	struct table_cell *cell = arena_take(t->arena, sizeof(*cell));
	struct buf out = {.data = arena_take(t->arena, SHOW_BYTES(len)), .cap = SHOW_BYTES(len)};
	if (!cell)
		return;
	if (out.data)
		show_text(text, len, &out);
	*cell = (struct table_cell){.text = out.data, .len = out.len};
	cell->width = show_width(cell->text, cell->len);
	if (cell->width > t->width[t->at])
		t->width[t->at] = cell->width;
	t->at = (t->at + 1) % t->columns;
	if (t->last)
		t->last->next = cell;
	else
		t->first = cell;
	t->last = cell;
}

void table_text(struct table *t, const char *text)
{
	table_add(t, text, strlen(text));
}

void table_printf(struct table *t, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	table_text(t, text);
}

static void add_array(struct table *t, const struct json_value *v)
{
	size_t cap = 2 * v->count + 1;
	for (const struct json_value *i = v->first; i; i = i->next)
		cap += i->text_len;
	struct buf out = {.data = arena_take(t->arena, cap), .cap = cap};
	for (const struct json_value *i = v->first; i && out.data; i = i->next) {
		buf_add_text(&out, i == v->first ? "" : ",");
		if (i->type == JSON_STRING)
			buf_add(&out, i->text, i->text_len);
	}
	table_add(t, out.len > 0 ? out.data : "-", out.len > 0 ? out.len : 1);
}

void table_value(struct table *t, const struct json_value *v)
{
	if (!v || v->type == JSON_NULL || v->type == JSON_OBJECT)
		table_text(t, "-");
	else if (v->type == JSON_ARRAY)
		add_array(t, v);
	else if (v->type == JSON_TRUE || v->type == JSON_FALSE)
		table_text(t, v->type == JSON_TRUE ? "yes" : "no");
	else if (v->text_len == 0)
		table_text(t, "-");
	else
		table_add(t, v->text, v->text_len);
}

void table_size(struct table *t, const struct json_value *v)
{
	char text[SHOW_SIZE_BYTES];
	int64_t bytes;
	if (json_integer(v, &bytes) < 0 || bytes < 0)
		table_value(t, v);
	else
		table_text(t, show_size((uint64_t)bytes, text));
}

/* The member that a path of keys, with dots between, leads to. */
static const struct json_value *find(const struct json_value *object, const char *path, size_t len)
{
	char key[64];
	for (size_t at = 0, end; at < len && object; at = end + 1) {
		for (end = at; end < len && path[end] != '.';)
			end++;
		snprintf(key, sizeof(key), "%.*s", (int)(end - at), path + at);
		object = json_get(object, key);
	}
	return object;
}

static void add_cell(struct table *t, const struct json_value *object, const char *cell, size_t len)
{
	static const char bytes[] = "bytes:";
	bool is_size = strncmp(cell, bytes, sizeof(bytes) - 1) == 0;
	const struct json_value *v = NULL;
	for (size_t at = is_size ? sizeof(bytes) - 1 : 0, path; at < len; at += path + 1) {
		path = strcspn(cell + at, "| ");
		v = find(object, cell + at, path);
		if (v && v->type != JSON_NULL)
			break;
	}
	if (is_size)
		table_size(t, v);
	else
		table_value(t, v);
}

void table_cells(struct table *t, const struct json_value *object, const char *cells)
{
	for (size_t len; *cells; cells += len + (cells[len] == ' ')) {
		len = strcspn(cells, " ");
		add_cell(t, object, cells, len);
	}
}

void table_fields(struct table *t, const struct json_value *object, const char *fields)
{
	for (size_t len; *fields; fields += len + (fields[len] == ' ')) {
		len = strcspn(fields, " ");
		size_t name = strcspn(fields, "= ");
		size_t cell = name < len ? name + 1 : 0;
		table_add(t, fields, name);
		add_cell(t, object, fields + cell, len - cell);
	}
}

static size_t terminal_width(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
	    size.ws_col == 0)
		return SIZE_MAX;
	return size.ws_col;
}

void table_print(const struct table *t)
{
	size_t room = terminal_width(), used = 0, column = 0;
	for (const struct table_cell *cell = t->first; cell; cell = cell->next) {
		size_t left = used < room ? room - used : 0;
		size_t fit = show_fit(cell->text, cell->len, left);
		bool is_last = column + 1 == t->columns;
		size_t blanks = t->width[column] - cell->width;
		/* At the end of a line there are none. */
		printf("%*s%.*s", t->right[column] ? (int)blanks : 0, "", (int)fit, cell->text);
		if (!is_last)
			printf("%*s", (t->right[column] ? 0 : (int)blanks) + GAP, "");
		else
			putchar('\n');
		used = is_last ? 0 : used + t->width[column] + GAP;
		column = is_last ? 0 : column + 1;
	}
}
