/* SPDX-License-Identifier: MIT */
/* What is kept of a sandbox in DATA/sandboxes/<id>: meta.json, written once, whose presence says
 * that the sandbox exists; and usage, counters that change with every exec. */
#ifndef SQUASH_META_H
#define SQUASH_META_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "sandbox.h"

/* Write meta.json into dir_fd: to another name, to the disk, then renamed. From then on the sandbox
 * exists. 0 or -errno. */
int meta_save(int dir_fd, const struct sandbox *sb, struct err *e);

/* Open DATA/sandboxes/<id>. What is done by this descriptor is done to this sandbox, and not to a
 * later one of the same id. The directory, owned by the caller; -ENOENT if there is no such
 * sandbox; another -errno. */
int meta_open(const struct server *s, const char *id, struct err *e);

/* The same, and wait for its lock, or, with wait false, return -EBUSY when somebody has it. */
int meta_lock(const struct server *s, const char *id, bool wait, struct err *e);

/* Read meta.json. 0; -ENOENT if it is not there: the sandbox does not exist; -EBADMSG if the file
 * is damaged; another -errno. */
int meta_load(int dir_fd, const char *id, struct sandbox *sb, struct err *e);

/* Whether there is such a sandbox. */
bool meta_exists(const struct server *s, const char *id);

/* Remove meta.json: the sandbox exists no longer. 0 or -errno. */
int meta_remove(int dir_fd, struct err *e);

struct usage {
	uint64_t exec_count;
	uint64_t last_active_ms; /* since 1970 */
};

/* Absent is all zero. */
struct usage meta_read_usage(int dir_fd);
int meta_write_usage(int dir_fd, const struct usage *u, struct err *e);

#endif
