/* SPDX-License-Identifier: MIT */
#include "turns.h"

static void join_ring(struct turns *t, struct turns_line *line)
{
	if (!t->next) {
		line->before = line->behind = line;
		t->next = line;
		return;
	}
	/* Behind all others: before the one whose turn it is. */
	line->behind = t->next;
	line->before = t->next->before;
	line->before->behind = line;
	line->behind->before = line;
}

static void leave_ring(struct turns *t, struct turns_line *line)
{
	if (line->behind == line) {
		t->next = NULL;
		return;
	}
	line->before->behind = line->behind;
	line->behind->before = line->before;
	if (t->next == line)
		t->next = line->behind;
}

void turns_add(struct turns *t, struct turns_line *line, struct turns_item *item)
{
	item->line = line;
	item->before = line->last;
	item->behind = NULL;
	if (line->last)
		line->last->behind = item;
	else
		line->first = item;
	line->last = item;
	if (line->first == item)
		join_ring(t, line);
	t->count++;
}

void turns_remove(struct turns *t, struct turns_item *item)
{
	struct turns_line *line = item->line;
	if (!line)
		return;
	if (item->before)
		item->before->behind = item->behind;
	else
		line->first = item->behind;
	if (item->behind)
		item->behind->before = item->before;
	else
		line->last = item->before;
	if (!line->first)
		leave_ring(t, line);
	item->line = NULL;
	t->count--;
}

struct turns_item *turns_take(struct turns *t,
			      bool (*may)(const struct turns_line *line, const void *context),
			      const void *context)
{
	struct turns_line *line = t->next;
	if (!line)
		return NULL;
	do {
		struct turns_line *behind = line->behind;
		if (!may || may(line, context)) {
			struct turns_item *item = line->first;
			t->next = behind;
			turns_remove(t, item);
			return item;
		}
		line = behind;
	} while (line != t->next);
	return NULL;
}
