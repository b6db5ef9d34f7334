/* SPDX-License-Identifier: MIT */
/* Timers: what fires, when, and in which order. */
#include <stdlib.h>

#include "lib/timers.h"
#include "random.h"
#include "tap.h"

#define TIMERS 200
#define STEPS 100000

struct probe {
	struct timer timer;
	unsigned fired;
	struct timers *all;
	struct probe *clears, *sets; /* when it fires */
};

static struct timer *heap[TIMERS + 2];
static struct timers all = {.heap = heap};

static void fire(void *owner)
{
	struct probe *p = owner;
	p->fired++;
	if (p->clears)
		timers_clear(&all, &p->clears->timer);
	if (p->sets)
		timers_set(&all, &p->sets->timer, p->timer.due_ms + 10);
}

static void test_few(void)
{
	struct probe p[4] = {0};
	for (size_t i = 0; i < 4; i++)
		p[i].timer = (struct timer){.fire = fire, .owner = &p[i]};
	tap_ok(timers_next_ms(&all) == UINT64_MAX, "none is set");
	timers_set(&all, &p[0].timer, 30);
	timers_set(&all, &p[1].timer, 20);
	timers_set(&all, &p[2].timer, 10);
	tap_ok(timers_next_ms(&all) == 10 && all.count == 3, "the earliest is the next");
	timers_set(&all, &p[2].timer, 40);
	tap_ok(timers_next_ms(&all) == 20 && all.count == 3, "one that is set again is one");
	timers_fire(&all, 19);
	tap_ok(p[0].fired + p[1].fired + p[2].fired == 0, "none fires before its time");
	p[1].clears = &p[0];
	p[1].sets = &p[3];
	timers_fire(&all, 30);
	tap_ok(p[1].fired == 1 && p[0].fired == 0, "one that fires clears another that is due");
	tap_ok(p[3].fired == 1, "and sets one that is due at once");
	timers_clear(&all, &p[1].timer);
	tap_ok(all.count == 1 && timers_next_ms(&all) == 40,
	       "to clear what isn't set does nothing");
	p[2].sets = &p[2];
	timers_fire(&all, 60);
	tap_ok(p[2].fired == 3, "one that sets itself fires as often as it is due");
	timers_clear(&all, &p[2].timer);
	tap_ok(all.count == 0, "none is left");
}

static void test_random(void)
{
	static struct probe p[TIMERS];
	static uint64_t due[TIMERS]; /* 0: not set */
	bool exact = true, next = true;
	for (size_t i = 0; i < TIMERS; i++)
		p[i].timer = (struct timer){.fire = fire, .owner = &p[i]};
	uint64_t state = 5;
	for (uint64_t now = 1; now < STEPS; now++) {
		size_t i = random_below(&state, TIMERS);
		if (random_below(&state, 4)) {
			due[i] = now + random_below(&state, 300);
			timers_set(&all, &p[i].timer, due[i]);
		} else {
			due[i] = 0;
			timers_clear(&all, &p[i].timer);
		}
		timers_fire(&all, now);
		uint64_t first = UINT64_MAX;
		for (size_t k = 0; k < TIMERS; k++) {
			exact = exact && p[k].fired == (due[k] && due[k] <= now);
			due[k] = p[k].fired ? 0 : due[k];
			p[k].fired = 0;
			first = due[k] && due[k] < first ? due[k] : first;
		}
		next = next && timers_next_ms(&all) == first;
	}
	tap_ok(exact, "%d random steps: each fires when it is due, once", STEPS);
	tap_ok(next, "the next is always known");
}

int main(void)
{
	test_few();
	test_random();
	return tap_done();
}
