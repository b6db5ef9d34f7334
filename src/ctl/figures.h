/* SPDX-License-Identifier: MIT */
/* What sandboxes use, at one time: taken from samples. Pure. */
#ifndef SQUASH_CTL_FIGURES_H
#define SQUASH_CTL_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/limits.h"

struct figure {
	char id[LIMIT_ID_BYTES + 1];
	bool has_cpu, has_memory;
	uint64_t cpu_us; /* of processor time, since ever */
	uint64_t memory_bytes;
};

struct figures {
	uint64_t at_ms; /* when that was, by any clock that isn't set */
	size_t count;
	struct figure all[LIMIT_SANDBOXES];
};

/* Take what the line of the metrics says; what else they say is passed over. */
void figures_take(struct figures *f, const char *line, size_t len);

/* A sandbox's, or NULL. */
const struct figure *figures_find(const struct figures *f, const char *id);

/* How many processors the sandbox has used between the two times, in hundredths. False if that is
 * not known: it was not there before, say. */
bool figures_cpu(const struct figures *before, const struct figures *now, const char *id,
		 uint64_t *hundredths);

#endif
