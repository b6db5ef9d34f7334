/* SPDX-License-Identifier: MIT */
/* Lines of a journal, sorted: which are kept when there is room for some of them only, and some of
 * them as a page. Pure. */
#ifndef SQUASH_SQUASHD_STORE_JOURNAL_LINES_H
#define SQUASH_SQUASHD_STORE_JOURNAL_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/numbered_lines.h"

/* Leave out old lines, so that the rest has max bytes at most. Everybody whose requests led to
 * lines has the same share of them, and what one doesn't need is the others': nobody's lines go for
 * those of somebody who has more. Whose a line is, it says itself, in its end: the token's name,
 * without one the client's address (of IPv6 its /64), and without either the maker of the sandbox.
 * Where shares are smaller than lines, the newest stay. */
void journal_lines_keep(struct numbered_lines *l, size_t max);

/* Append lines, the newest first, which are sorted: those that are older than the event of
 * number after (0: all), and of these limit at most. Lines without a number can't be pointed at:
 * they come together, limit or not, with the page that reaches them. */
void journal_lines_page(const struct numbered_lines *l, uint64_t after, uint64_t limit,
			struct buf *out);

#endif
