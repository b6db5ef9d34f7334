/* SPDX-License-Identifier: MIT */
#include "bar.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/clock.h"
#include "show.h"

#define DRAW_MS 100
#define BAR_COLUMNS 30

void bar_begin(struct bar *b)
{
	*b = (struct bar){.begun_ms = clock_mono_ms(), .draws = isatty(STDERR_FILENO)};
}

void bar_draw(struct bar *b, uint64_t done, uint64_t all)
{
	static const char full[] = "##############################";
	char part[SHOW_SIZE_BYTES], whole[SHOW_SIZE_BYTES], rate[SHOW_SIZE_BYTES];
	uint64_t now_ms = clock_mono_ms();
	if (!b->draws || all == 0 || (now_ms - b->drawn_ms < DRAW_MS && done < all))
		return;
	b->drawn_ms = now_ms;
	uint64_t columns = done * BAR_COLUMNS / all;
	uint64_t spent_ms = now_ms - b->begun_ms;
	fprintf(stderr, "\r[%.*s%*s] %3u %%  %s of %s  %s/s   ", (int)columns, full,
		(int)(BAR_COLUMNS - columns), "", (unsigned)(done * 100 / all),
		show_size(done, part), show_size(all, whole),
		show_size(spent_ms > 0 ? done * 1000 / spent_ms : done, rate));
}

void bar_end(struct bar *b)
{
	if (b->drawn_ms)
		fprintf(stderr, "\r\033[K");
	b->drawn_ms = 0;
}
