/* SPDX-License-Identifier: MIT */
/* A sandbox's parts coming and going as a whole: undoing a create, destroying, and sweeping up after
 * processes that died half-way are one piece of code. */
#ifndef SQUASH_LIFE_H
#define SQUASH_LIFE_H

#include <stdbool.h>

#include "lib/err.h"
#include "sandbox.h"

/* Take a sandbox without meta.json apart: processes, cgroup, upper, layers, uids, directory. Parts
 * that are not there are no error. The caller holds its lock. 0, or the first -errno; what could not be
 * removed is left for the next sweep. */
int life_dismantle(const struct server *s, const struct sandbox *sb, struct err *e);

/* Whether there is a directory of that sandbox, existing or coming or going. */
bool life_has_dir(const struct server *s, const char *id);

/* Remove what nobody owns: sandboxes whose making or ending was cut off, sandboxes whose init did not
 * survive (with at_start), cgroups, layers and uids without a sandbox. What is being worked on, as
 * its lock tells, is left alone. Faults go to stderr. */
void life_sweep(const struct server *s, bool at_start);

#endif
