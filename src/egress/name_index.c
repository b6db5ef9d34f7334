/* SPDX-License-Identifier: MIT */
#include "name_index.h"

#include <string.h>

static uint16_t *head_of(const struct name_index *x, const char *name)
{
	uint32_t hash = x->seed; /* FNV-1a */
	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return &x->heads[(hash ^ hash >> 16) & (x->size - 1u)];
}

static void leave_order(struct name_index *x, uint16_t n)
{
	struct name_entry *e = &x->entries[n - 1];
	*(e->older ? &x->entries[e->older - 1].newer : &x->oldest) = e->newer;
	*(e->newer ? &x->entries[e->newer - 1].older : &x->newest) = e->older;
}

static void become_newest(struct name_index *x, uint16_t n)
{
	struct name_entry *e = &x->entries[n - 1];
	e->older = x->newest;
	e->newer = 0;
	*(x->newest ? &x->entries[x->newest - 1].newer : &x->oldest) = n;
	x->newest = n;
}

void name_index_init(struct name_index *x, struct name_entry *entries, uint16_t *heads,
		     uint16_t size, uint32_t seed)
{
	*x = (struct name_index){.entries = entries, .heads = heads, .size = size, .seed = seed};
	for (uint16_t n = 1; n <= size; n++)
		become_newest(x, n);
}

static void touch(struct name_index *x, uint16_t n)
{
	if (x->entries[n - 1].holds > 0)
		return;
	leave_order(x, n);
	become_newest(x, n);
}

int name_index_find(struct name_index *x, const char *name)
{
	uint16_t n = *head_of(x, name);
	while (n && strcmp(x->entries[n - 1].name, name) != 0)
		n = x->entries[n - 1].next_alike;
	if (n)
		touch(x, n);
	return n - 1;
}

static void forget_name(struct name_index *x, uint16_t n)
{
	struct name_entry *e = &x->entries[n - 1];
	uint16_t *at = head_of(x, e->name);
	while (*at != n)
		at = &x->entries[*at - 1].next_alike;
	*at = e->next_alike;
	e->name[0] = '\0';
}

int name_index_add(struct name_index *x, const char *name)
{
	uint16_t n = x->oldest, *head = head_of(x, name);
	struct name_entry *e = &x->entries[n - 1];
	if (e->name[0] != '\0')
		forget_name(x, n);
	memcpy(e->name, name, strlen(name) + 1);
	e->next_alike = *head;
	*head = n;
	touch(x, n);
	return n - 1;
}

void name_index_hold(struct name_index *x, int number)
{
	uint16_t n = (uint16_t)(number + 1);
	if (x->entries[number].holds++ == 0)
		leave_order(x, n);
}

void name_index_release(struct name_index *x, int number)
{
	uint16_t n = (uint16_t)(number + 1);
	if (--x->entries[number].holds == 0)
		become_newest(x, n);
}
