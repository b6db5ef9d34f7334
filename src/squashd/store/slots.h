/* SPDX-License-Identifier: MIT */
/* Slots: the ranges of uids that sandboxes are given. PATH_RUN/slots/<slot> is a symbolic link
 * whose text is the id of the sandbox that has it. */
#ifndef SQUASH_SQUASHD_STORE_SLOTS_H
#define SQUASH_SQUASHD_STORE_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "squashd/sandbox.h"

/* Take a free slot for the sandbox. 0 with *slot set, or -errno. */
int slots_take(const struct server *s, const char *id, uint32_t *slot, struct err *e);

/* The id of the sandbox that has the slot. False: it is free. */
bool slots_find(const struct server *s, uint32_t slot, char id[LIMIT_ID_BYTES + 1]);

/* 0, also if it is free; or -errno. */
int slots_give_back(const struct server *s, uint32_t slot, struct err *e);

/* Give back the slots for which has(id, slot) is false. */
int slots_sweep(const struct server *s,
		bool (*has)(const struct server *s, const char *id, uint32_t slot), struct err *e);

#endif
