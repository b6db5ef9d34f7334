/* SPDX-License-Identifier: MIT */
/* Taking turns: each line of those who wait, one line for each client, gives one of its own to each
 * round, so that who sends much waits for itself, not others for him. A line that was empty and had
 * no turn in this round doesn't wait for its end, or who asks now and then would be slow as soon as
 * many ask all the time; but every second turn at least is one of those who have waited. (As the
 * new and old flows of FQ-CoDel, RFC 8290 4.1.) Pure. */
#ifndef SQUASH_FRONT_TURNS_H
#define SQUASH_FRONT_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: waits nowhere. */
struct turns_item {
	struct turns_line *line; /* NULL: none */
	struct turns_item *before, *behind;
};

/* All zero: empty, and never had a turn. */
struct turns_line {
	struct turns_item *first, *last;
	struct turns_lines *lines; /* those it is one of; NULL: it is empty */
	struct turns_line *before, *behind;
	uint64_t served; /* 1 more than the round of its last turn; 0: none */
};

struct turns_lines {
	struct turns_line *first, *last;
};

/* All zero: nobody waits. */
struct turns {
	struct turns_lines fresh; /* were empty, and had no turn in this round */
	struct turns_lines now;   /* have theirs in this round */
	struct turns_lines later; /* in the next */
	uint64_t round;
	bool was_fresh; /* the last turn */
	size_t count;   /* of items */
};

void turns_add(struct turns *t, struct turns_line *line, struct turns_item *item);

/* Take it out; nothing if it doesn't wait. */
void turns_remove(struct turns *t, struct turns_item *item);

/* Take the next one for whose line may(line) holds (NULL: always). NULL: there is none. */
struct turns_item *turns_take(struct turns *t, bool (*may)(const struct turns_line *line));

#endif
