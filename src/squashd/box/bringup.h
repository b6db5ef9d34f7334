/* SPDX-License-Identifier: MIT */
/* A sandbox's parts made to run together. What a new one needs, one that a reboot has stopped, and
 * one whose stack or upper changes, is the same: layers, cgroup, namespaces, PID 1 and egress made
 * anew on an upper that is there. A change is a step of meta.json (meta.h) between going down and
 * coming up, so that whoever finds it down, for whatever reason, brings up what is written
 * there. */
#ifndef SQUASH_SQUASHD_BOX_BRINGUP_H
#define SQUASH_SQUASHD_BOX_BRINGUP_H

#include <stdint.h>

#include "lib/err.h"
#include "squashd/sandbox.h"

/* Milliseconds that are left of the lifetime of one that has no deadline yet: by the wall clock,
 * from when it was made; UINT64_MAX: it never ends. */
uint64_t bringup_left_ms(const struct sandbox *sb);

/* Start what meta.json and the upper make up, with a slot and a deadline if it has none yet (a new
 * one has brought its own), and tell squashd to watch it. The sandbox is locked. 0, or -errno and
 * it is down. */
int bringup_start(const struct server *s, struct sandbox *sb, struct err *e);

/* End the sandbox's processes, make meta.json say what next says (its runtime is taken from sb),
 * and start it again. The upper of next is there. 0 with *sb being *next; or -errno with e filled,
 * and the sandbox runs as it was, but for its processes if it was stopped already. */
int bringup_change(const struct server *s, struct sandbox *sb, struct sandbox *next, int dir_fd,
		   struct err *e);

#endif
