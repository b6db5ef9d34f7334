/* SPDX-License-Identifier: MIT */
#include "timers.h"

static void put(struct timers *all, size_t place, struct timer *t)
{
	all->heap[place] = t;
	t->place = place;
}

static void sift_up(struct timers *all, struct timer *t)
{
	size_t at = t->place;
	for (; at > 1 && all->heap[at / 2]->due_ms > t->due_ms; at /= 2)
		put(all, at, all->heap[at / 2]);
	put(all, at, t);
}

static void sift_down(struct timers *all, struct timer *t)
{
	size_t at = t->place;
	for (;;) {
		size_t child = 2 * at;
		if (child < all->count && all->heap[child + 1]->due_ms < all->heap[child]->due_ms)
			child++;
		if (child > all->count || all->heap[child]->due_ms >= t->due_ms)
			break;
		put(all, at, all->heap[child]);
		at = child;
	}
	put(all, at, t);
}

void timers_set(struct timers *all, struct timer *t, uint64_t due_ms)
{
	t->due_ms = due_ms;
	if (t->place == 0)
		put(all, ++all->count, t);
	sift_up(all, t);
	sift_down(all, t);
}

void timers_clear(struct timers *all, struct timer *t)
{
	if (t->place == 0)
		return;
	struct timer *last = all->heap[all->count--];
	if (last != t) {
		put(all, t->place, last);
		sift_up(all, last);
		sift_down(all, last);
	}
	t->place = 0;
}

uint64_t timers_next_ms(const struct timers *all)
{
	return all->count ? all->heap[1]->due_ms : UINT64_MAX;
}

void timers_fire(struct timers *all, uint64_t now_ms)
{
	while (timers_next_ms(all) <= now_ms) {
		struct timer *t = all->heap[1];
		timers_clear(all, t);
		t->fire(t->owner);
	}
}
