/* SPDX-License-Identifier: MIT */
/* What can't be put right here and now, after a failure or beside a request that has been done: it
 * is told on the console, and a process of squashd's that has noted such a thing ends so that
 * squashd sweeps, again and again as long as a sweep leaves something itself. */
#ifndef SQUASH_SQUASHD_STORE_LEFTOVER_H
#define SQUASH_SQUASHD_STORE_LEFTOVER_H

#include <stdbool.h>

#include "lib/err.h"

/* Something of sandbox id (NULL: of none in particular) is left, for the reason in e. */
void leftover_note(const char *id, const struct err *e);

/* The same for what no sweep could mend: the console says it, but it is not noted. */
void leftover_say(const char *id, const struct err *e);

/* Whether this process has noted any. */
bool leftover_is_noted(void);

#endif
