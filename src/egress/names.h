/* SPDX-License-Identifier: MIT */
/* Names that the sandbox was told an address of, and those addresses: of 198.18.0.0/15, nobody's,
 * and taken in turn, so that one means another name as late as can be. */
#ifndef SQUASH_EGRESS_NAMES_H
#define SQUASH_EGRESS_NAMES_H

#include "lib/addr.h"
#include "limits.h"
#include "name_index.h"

struct names {
	struct name_index index;
	struct name_entry entries[EGRESS_NAMES];
	uint16_t heads[EGRESS_NAMES];
	uint8_t rounds[EGRESS_NAMES]; /* how often an entry has changed its name */
};

/* seed: anything that the sandbox does not know. */
void names_init(struct names *n, uint32_t seed);

/* The address that stands for the name, in a. */
void names_give(struct names *n, const char *name, struct addr *a);

/* Which name it stands for: its number, held until names_release; -1: none. */
int names_hold(struct names *n, const struct addr *a);
const char *names_text(const struct names *n, int number);
void names_release(struct names *n, int number);

/* Whether it is of the network that such addresses are of. */
bool names_is_synthetic(const struct addr *a);

#endif
