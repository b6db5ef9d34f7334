/* SPDX-License-Identifier: MIT */
/* A bounded set of names, each with a number that stands for it as long as it is in there. When the
 * set is full the one that was looked for longest ago goes, unless it is held. */
#ifndef SQUASH_EGRESS_NAME_INDEX_H
#define SQUASH_EGRESS_NAME_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/allow.h"

/* Numbers of entries are stored plus one: 0 is none. */
struct name_entry {
	char name[ALLOW_NAME_BYTES + 1]; /* empty: there was none yet */
	uint16_t next_alike;             /* of the same hash */
	uint16_t older, newer;           /* in the order of use, if it isn't held */
	uint32_t holds;
};

struct name_index {
	struct name_entry *entries; /* borrowed: size of them, all zero */
	uint16_t *heads;            /* the same: of each hash the first */
	uint16_t size;              /* a power of two */
	uint16_t oldest, newest;
	uint32_t seed; /* so that who chooses names doesn't choose hashes */
};

/* size: at least as many as are ever held at once, and one more. */
void name_index_init(struct name_index *x, struct name_entry *entries, uint16_t *heads,
		     uint16_t size, uint32_t seed);

/* The name's number, now the last used; -1: it isn't there. */
int name_index_find(struct name_index *x, const char *name);

/* The number of a name that isn't there: of one that goes for it, if need be. */
int name_index_add(struct name_index *x, const char *name);

/* It doesn't go while it is held; as often released as held. */
void name_index_hold(struct name_index *x, int number);
void name_index_release(struct name_index *x, int number);

#endif
