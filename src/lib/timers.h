/* SPDX-License-Identifier: MIT */
/* Deadlines, the next of which is known at any time. A binary heap of what their owners hold. */
#ifndef SQUASH_LIB_TIMERS_H
#define SQUASH_LIB_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/* All zero but fire and owner: not set. */
struct timer {
	uint64_t due_ms; /* on clock_mono_ms()'s clock */
	size_t place;    /* in the heap; 0: not set */
	void (*fire)(void *owner);
	void *owner;
};

struct timers {
	struct timer **heap; /* from 1 on; room and timers are borrowed */
	size_t count;
};

/* Have t fire at due_ms, and not when it was to before. */
void timers_set(struct timers *all, struct timer *t, uint64_t due_ms);

void timers_clear(struct timers *all, struct timer *t);

/* When the next is due; UINT64_MAX: none is set. */
uint64_t timers_next_ms(const struct timers *all);

/* Fire, once, each that is due. What fires may set and clear any. */
void timers_fire(struct timers *all, uint64_t now_ms);

#endif
