/* SPDX-License-Identifier: MIT */
/* The cgroup tree: squash/<id>/{box/{init,x0..xN},egress}. Limits sit on <id> and box, processes in
 * the leaves. Source: Documentation/admin-guide/cgroup-v2.rst. */
#ifndef SQUASH_SQUASHD_KERNEL_CGROUP_H
#define SQUASH_SQUASHD_KERNEL_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"
#include "squashd/sandbox.h"

/* Make squash/ with its controllers and its share of the machine (memory_mb: all there is; what the
 * appliance keeps for itself is taken off). Its descriptor, or -errno. May be there already. */
int cgroup_make_root(uint64_t memory_mb, struct err *e);

/* Make the tree of one sandbox, with its limits. 0 or -errno; what was made stays for
 * cgroup_remove. */
int cgroup_make(int root_fd, const struct sandbox *sb, struct err *e);

/* Kill all that runs in the sandbox, wait until it is gone (seconds at most) and remove the tree.
 * 0, also if there is none; -EBUSY or another -errno with e filled. */
int cgroup_remove(int root_fd, const char *id, struct err *e);

/* The leaf that the sandbox's PID 1 lives in, open; or -errno. */
int cgroup_open_init(int root_fd, const char *id, struct err *e);

/* The sandbox's living PID 1. Its pid in our namespace with *pidfd owned by the caller; -ESRCH if
 * there is none; another -errno. A pid is never remembered: the kernel is asked each time. */
pid_t cgroup_find_init(int root_fd, const char *id, int *pidfd, struct err *e);

/* The leaf of the sandbox's egress, made if it is not there, open; or -errno. */
int cgroup_make_egress(int root_fd, const char *id, struct err *e);

/* The sandbox's living egress, as with cgroup_find_init, but 0 if there is none. */
pid_t cgroup_find_egress(int root_fd, const char *id, int *pidfd, struct err *e);

/* A leaf for one exec, ours while its lock is held. */
struct leaf {
	int box_fd; /* its parent */
	int fd;     /* locked; closing it gives the leaf back */
	char name[8];
	uint64_t oom_kills; /* memory.events oom_kill when we got it */
	uint64_t frozen_ms; /* freeze_total_ms() when we got it */
	bool killed;        /* used up: see cgroup_end_leaf */
};

/* Lease a free leaf of the sandbox: 0; -EAGAIN when LIMIT_EXECS are in use; another -errno. */
int cgroup_lease_leaf(int root_fd, const char *id, struct leaf *leaf, struct err *e);

/* Kill every process in the leaf, those that left the session included, and wait until they are
 * gone, but no longer than seconds: many take their time. 0 also if some are still going;
 * -errno. */
int cgroup_kill_leaf(struct leaf *leaf, struct err *e);

/* Whether the kernel's OOM killer has struck in the leaf since it was leased. */
bool cgroup_leaf_had_oom(const struct leaf *leaf);

/* Give the leaf back. What still runs in it was left in the background on purpose and lives on. */
void cgroup_end_leaf(struct leaf *leaf);

#endif
