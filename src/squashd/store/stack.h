/* SPDX-License-Identifier: MIT */
/* The stack of a sandbox or of a snapshot: names of layers, lowest first. A name begins with its
 * number; those from 900 up are snapshots, all others modules. Pure. */
#ifndef SQUASH_SQUASHD_STORE_STACK_H
#define SQUASH_SQUASHD_STORE_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "squashd/sandbox.h"

/* Whether the layer of that name is a snapshot. */
bool stack_is_snapshot(const char *name);

/* Put the layers into the order of a stack: by number, then by name. */
void stack_sort(char layers[LIMIT_LAYERS][LIMIT_MODULE_BYTES + 1], size_t count);

/* Whether the stack has a layer of that name. */
bool stack_includes(const char layers[LIMIT_LAYERS][LIMIT_MODULE_BYTES + 1], size_t count,
		    const char *name);

/* Give sb the stack of what is made from the snapshot of that name, which was taken on these
 * layers, fewer than LIMIT_LAYERS: the snapshot is on top of them, and active. */
void stack_of_snapshot(struct sandbox *sb, const char layers[LIMIT_LAYERS][LIMIT_MODULE_BYTES + 1],
		       size_t count, const char *name);

/* Returns how many of the sandbox's layers are snapshots. */
unsigned stack_count_snapshots(const struct sandbox *sb);

/* Returns on how many snapshots a sandbox with memory_mb may stand, on a machine with that many
 * processors: each is a mount of its own, whose memory the kernel charges to nobody (limits.h). */
uint64_t stack_most_snapshots(uint64_t memory_mb, uint64_t processors);

/* Returns how many snapshots may be mounted at once on a machine with machine_mb of memory, for all
 * sandboxes: those that several stand on count once. */
uint64_t stack_most_mounted(uint64_t machine_mb, uint64_t processors);

#endif
