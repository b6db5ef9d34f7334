/* SPDX-License-Identifier: MIT */
/* A sandbox's parts coming and going as a whole: undoing a create, destroying, starting again what
 * has stopped, and sweeping up after processes that died half-way are one piece of code. */
#ifndef SQUASH_SQUASHD_BOX_LIFE_H
#define SQUASH_SQUASHD_BOX_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "squashd/sandbox.h"
#include "squashd/store/journal.h"

/* Take a sandbox without meta.json apart: processes, cgroup, uppers, layers, uids, directory. Parts
 * that are not there are no error. The caller holds its lock. 0, or the first -errno; what could
 * not be removed is left for the next sweep. */
int life_dismantle(const struct server *s, const struct sandbox *sb, struct err *e);

/* End a sandbox that exists, whatever runs in it or is done with it, and note why. 0; -ENOENT if
 * there is none, or another was faster; another -errno: if it is gone all the same, what is left of
 * it needs a sweep. */
int life_end(const struct server *s, const char *id, enum journal_end why, struct err *e);

/* End it if its time is up or its PID 1 is gone. 0 also if neither is so. */
int life_end_if_over(const struct server *s, const char *id, struct err *e);

/* If the sandbox, which is locked, was stopped by a reboot or by a change that was cut off, start
 * it. 0 with sb->runtime as it is then; or -ESRCH with e saying why it is down. */
int life_ensure_runs(const struct server *s, struct sandbox *sb, int dir_fd, struct err *e);

/* How many sandboxes there are, those that are coming or going with them. */
uint64_t life_count(const struct server *s);

/* Whether there is a directory of that sandbox, existing or coming or going. */
bool life_has_dir(const struct server *s, const char *id);

/* Remove what nobody owns: sandboxes whose making or ending was cut off, what changes that were cut
 * off have left, cgroups, layers and uids without a sandbox. What is being worked on, as its lock
 * tells, is left to a child that waits for it. Faults go to stderr. */
void life_sweep(const struct server *s);

/* The same when squashd has started, for all that was there, which squashd is told to watch. */
void life_recover(const struct server *s);

#endif
