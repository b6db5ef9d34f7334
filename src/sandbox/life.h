/* SPDX-License-Identifier: MIT */
/* A sandbox's parts coming and going as a whole: undoing a create, destroying, and sweeping up
 * after processes that died half-way are one piece of code. */
#ifndef SQUASH_LIFE_H
#define SQUASH_LIFE_H

#include <stdbool.h>

#include "journal.h"
#include "lib/err.h"
#include "sandbox.h"

/* Take a sandbox without meta.json apart: processes, cgroup, upper, layers, uids, directory. Parts
 * that are not there are no error. The caller holds its lock. 0, or the first -errno; what could
 * not be removed is left for the next sweep. */
int life_dismantle(const struct server *s, const struct sandbox *sb, struct err *e);

/* End a sandbox that exists, whatever runs in it, and note why. 0; -ENOENT if there is none, or
 * another was faster; another -errno: what is left of it is swept away later. */
int life_end(const struct server *s, const char *id, enum journal_end why, struct err *e);

/* End it if its time is up or its PID 1 is gone. 0 also if neither is so. */
int life_end_if_over(const struct server *s, const char *id, struct err *e);

/* Whether there is a directory of that sandbox, existing or coming or going. */
bool life_has_dir(const struct server *s, const char *id);

/* Remove what nobody owns: sandboxes whose making or ending was cut off, cgroups, layers and uids
 * without a sandbox. What is being worked on, as its lock tells, is left alone. Faults go to
 * stderr. */
void life_sweep(const struct server *s);

/* The same when squashd starts, before it serves; and end the sandboxes whose PID 1 did not
 * survive, and call found for the living, with their PID 1 (borrowed); for those that are being
 * worked on, with pidfd -1. */
void life_recover(const struct server *s,
		  void (*found)(const struct sandbox *sb, int pidfd, void *arg), void *arg);

#endif
