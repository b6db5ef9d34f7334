/* SPDX-License-Identifier: MIT */
#include "turns.h"

static void append(struct turns_lines *lines, struct turns_line *line)
{
	line->lines = lines;
	line->before = lines->last;
	line->behind = NULL;
	*(lines->last ? &lines->last->behind : &lines->first) = line;
	lines->last = line;
}

static void unlink_line(struct turns_line *line)
{
	struct turns_lines *lines = line->lines;
	*(line->before ? &line->before->behind : &lines->first) = line->behind;
	*(line->behind ? &line->behind->before : &lines->last) = line->before;
	line->lines = NULL;
}

void turns_add(struct turns *t, struct turns_line *line, struct turns_item *item)
{
	item->line = line;
	item->before = line->last;
	item->behind = NULL;
	*(line->last ? &line->last->behind : &line->first) = item;
	line->last = item;
	if (!line->lines)
		append(line->served == t->round + 1 ? &t->later : &t->fresh, line);
	t->count++;
}

void turns_remove(struct turns *t, struct turns_item *item)
{
	struct turns_line *line = item->line;
	if (!line)
		return;
	*(item->before ? &item->before->behind : &line->first) = item->behind;
	*(item->behind ? &item->behind->before : &line->last) = item->before;
	if (!line->first)
		unlink_line(line);
	item->line = NULL;
	t->count--;
}

static struct turns_line *find(const struct turns_lines *lines,
			       bool (*may)(const struct turns_line *line))
{
	struct turns_line *line = lines->first;
	while (line && may && !may(line))
		line = line->behind;
	return line;
}

static void move_lines(struct turns_lines *from, struct turns_lines *to)
{
	struct turns_line *line;
	while ((line = from->first)) {
		unlink_line(line);
		append(to, line);
	}
}

/* One of those who have waited, be it in a new round. */
static struct turns_line *find_old(struct turns *t, bool (*may)(const struct turns_line *line))
{
	struct turns_line *found = find(&t->now, may);
	if (found)
		return found;
	t->round++;
	move_lines(&t->fresh, &t->now);
	move_lines(&t->later, &t->now);
	return find(&t->now, may);
}

struct turns_item *turns_take(struct turns *t, bool (*may)(const struct turns_line *line))
{
	struct turns_line *line = t->was_fresh ? NULL : find(&t->fresh, may);
	if (!line)
		line = find_old(t, may);
	if (!line)
		return NULL;
	struct turns_item *item = line->first;
	t->was_fresh = line->lines == &t->fresh;
	turns_remove(t, item);
	line->served = t->round + 1;
	if (line->lines) {
		unlink_line(line);
		append(&t->later, line);
	}
	return item;
}
