/* SPDX-License-Identifier: MIT */
/* The cgroup tree: squash/<id>/{box/{init,x0..xN},egress,shim}. Limits sit on <id> and box,
 * processes in the leaves. Source: Documentation/admin-guide/cgroup-v2.rst. */
#ifndef SQUASH_SQUASHD_KERNEL_CGROUP_H
#define SQUASH_SQUASHD_KERNEL_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"
#include "squashd/sandbox.h"

/* Make the cgroup at path, directly below the root, with controllers for its children ("+cpu ...")
 * and max_mb MiB of memory. Its descriptor, or -errno. May be there already. */
int cgroup_make_top(const char *path, const char *controllers, uint64_t max_mb, struct err *e);

/* Write the number, in decimal digits, to a file of the cgroup. 0 or -errno. */
int cgroup_write_number(int dir_fd, const char *file, uint64_t number, struct err *e);

/* Make squash/ with its controllers and its share of the machine (memory_mb: all there is; what the
 * appliance keeps for itself is taken off). Its descriptor, or -errno. May be there already. */
int cgroup_make_root(uint64_t memory_mb, struct err *e);

/* Make the tree of one sandbox, with its limits; nothing runs in what there is of it already. 0 or
 * -errno; what was made stays for cgroup_remove. */
int cgroup_make(int root_fd, const struct sandbox *sb, struct err *e);

/* Kill all that runs in the sandbox, wait until it is gone (seconds at most) and remove the tree.
 * 0, also if there is none; -EBUSY or another -errno with e filled. */
int cgroup_remove(int root_fd, const char *id, struct err *e);

/* Kill all commands, also those that are about to join: who waits for one of them has waited then.
 * PID 1 lives on. */
void cgroup_kill_commands(int root_fd, const char *id);

/* The cgroup that all processes inside are below of, open; or -errno. */
int cgroup_open_box(int root_fd, const char *id, struct err *e);

/* For the sandbox's PID 1, which is born in box, so that its cgroup namespace begins there: move to
 * the leaf that it lives in, and have box hand down its controllers. 0 or -errno. */
int cgroup_enter_init(int box_fd, struct err *e);

/* Give one cgroup the other's limits of processor and memory. 0 or -errno. */
int cgroup_copy_limits(int from_fd, int to_fd, struct err *e);

/* The sandbox's living PID 1. Its pid in our namespace with *pidfd owned by the caller; -ESRCH if
 * there is none; another -errno. A pid is never remembered: the kernel is asked each time. */
pid_t cgroup_find_init(int root_fd, const char *id, int *pidfd, struct err *e);

/* The leaf of the sandbox's egress, made if it is not there, open; or -errno. */
int cgroup_make_egress(int root_fd, const char *id, struct err *e);

/* The leaf of the sandbox's shims, likewise. */
int cgroup_make_shim(int root_fd, const char *id, struct err *e);

/* Kill what runs in the sandbox, and wait until its shims have told of that and ended, or
 * deadline_ms (clock_mono_ms()) has come. 0, also then; or -errno. */
int cgroup_end_commands(int root_fd, const char *id, uint64_t deadline_ms, struct err *e);

/* The sandbox's living egress, as with cgroup_find_init, but 0 if there is none. */
pid_t cgroup_find_egress(int root_fd, const char *id, int *pidfd, struct err *e);

#endif
