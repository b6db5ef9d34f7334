/* SPDX-License-Identifier: MIT */
/* The leaves x0..xN of a sandbox's cgroup, each for one exec. */
#ifndef SQUASH_SQUASHD_BOX_LEAF_H
#define SQUASH_SQUASHD_BOX_LEAF_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

#define LEAF_KILL_MS 2000 /* for killed processes to go, while a caller waits */
#define LEAF_END_MS 30000 /* the same when nobody does: a thousand can take seconds */

/* Ours while its lock is held. */
struct leaf {
	int box_fd; /* its parent */
	int fd;     /* locked; closing it gives the leaf back */
	char name[8];
	uint64_t oom_kills; /* memory.events oom_kill when we got it */
	uint64_t frozen_ms; /* freeze_total_ms() when we got it */
	bool killed;        /* used up: see leaf_end */
};

/* Lease a free leaf of the sandbox: 0; -EAGAIN when LIMIT_EXECS are in use; another -errno. */
int leaf_lease(int root_fd, const char *id, struct leaf *leaf, struct err *e);

/* Open the leaf of that name, which somebody else holds: it is to be closed by leaf_close(). 0 or
 * -errno. */
int leaf_open(int root_fd, const char *id, const char *name, struct leaf *leaf, struct err *e);
void leaf_close(struct leaf *leaf);

/* Note that what runs in it was left in the background on purpose, if anything does, and lives on;
 * of one that was killed, wait until nothing does, but no longer than wait_ms: what is left of it
 * then, whoever wants the leaf next comes upon. */
void leaf_settle(struct leaf *leaf, uint64_t wait_ms);

/* Kill every process in the leaf, those that left the session included, and wait until they are
 * gone, but no longer than wait_ms: many take their time. 0 also if some are still going; or
 * -errno. */
int leaf_kill(struct leaf *leaf, uint64_t wait_ms, struct err *e);

/* Whether the kernel's OOM killer has struck in the leaf since it was leased. */
bool leaf_had_oom(const struct leaf *leaf);

/* Give the leaf back, settled. */
void leaf_end(struct leaf *leaf);

#endif
