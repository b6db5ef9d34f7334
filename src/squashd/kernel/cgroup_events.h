/* SPDX-License-Identifier: MIT */
/* Counters of the form "<name> <number>" in cgroup.events and memory.events, and waiting for
 * them. */
#ifndef SQUASH_SQUASHD_KERNEL_CGROUP_EVENTS_H
#define SQUASH_SQUASHD_KERNEL_CGROUP_EVENTS_H

#include <stdint.h>

#include "lib/err.h"

/* The number behind name in the file cg_fd/file; 0 if it cannot be read. */
uint64_t cgroup_read_event(int cg_fd, const char *file, const char *name);

/* The number behind name in the text of such a file; 0: it is not there. */
uint64_t cgroup_find_number(const char *text, const char *name);

/* Wait until no process is left in cg_fd or below it. deadline_ms is on clock_mono_ms(). 0, also if
 * the cgroup was removed; or -EBUSY with e filled when the deadline passed. */
int cgroup_wait_empty(int cg_fd, uint64_t deadline_ms, struct err *e);

#endif
