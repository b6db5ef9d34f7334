/* SPDX-License-Identifier: MIT */
/* How far a file is, on a terminal: a bar on stderr. */
#ifndef SQUASH_CTL_BAR_H
#define SQUASH_CTL_BAR_H

#include <stdbool.h>
#include <stdint.h>

struct bar {
	uint64_t begun_ms, drawn_ms;
	bool draws; /* stderr is a terminal */
};

void bar_begin(struct bar *b);

/* So many bytes of all are done. */
void bar_draw(struct bar *b, uint64_t done, uint64_t all);

/* Remove what was drawn. */
void bar_end(struct bar *b);

#endif
