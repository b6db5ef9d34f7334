/* SPDX-License-Identifier: MIT */
/* Taking turns: each line of those who wait, one line for each client, gives one of its own to each
 * round, so that who sends much waits for itself, not others for him. Pure. */
#ifndef SQUASH_FRONT_TURNS_H
#define SQUASH_FRONT_TURNS_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: waits nowhere. */
struct turns_item {
	struct turns_line *line; /* NULL: none */
	struct turns_item *before, *behind;
};

/* All zero: empty. */
struct turns_line {
	struct turns_item *first, *last;
	struct turns_line *before, *behind; /* in the ring, while it isn't empty */
};

/* All zero: nobody waits. */
struct turns {
	struct turns_line *next; /* whose turn it is; NULL: nobody's */
	size_t count;
};

void turns_add(struct turns *t, struct turns_line *line, struct turns_item *item);

/* Take it out; nothing if it doesn't wait. */
void turns_remove(struct turns *t, struct turns_item *item);

/* Take the next one for whose line may(line, context) holds (NULL: always). NULL: there is none. */
struct turns_item *turns_take(struct turns *t,
			      bool (*may)(const struct turns_line *line, const void *context),
			      const void *context);

#endif
