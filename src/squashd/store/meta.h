/* SPDX-License-Identifier: MIT */
/* What is kept of a sandbox in DATA/sandboxes/<id>: meta.json, whose presence says that the sandbox
 * exists, and which changes as a whole; and usage, counters that change with every exec. */
#ifndef SQUASH_SQUASHD_STORE_META_H
#define SQUASH_SQUASHD_STORE_META_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/msg.h"
#include "squashd/sandbox.h"

/* Changing meta.json in dir_fd, by steps of which each is whole on the disk when it returns.
 * meta_prepare writes the next one beside it, which is all that needs room. meta_publish gives the
 * first its name: from then on the sandbox exists. meta_swap exchanges the two, and can be called
 * again to go back. meta_forget drops the one beside. Each 0 or -errno. */
int meta_prepare(int dir_fd, const struct sandbox *sb, struct err *e);
int meta_publish(int dir_fd, struct err *e);
int meta_swap(int dir_fd, struct err *e);
int meta_forget(int dir_fd, struct err *e);

/* Open DATA/sandboxes/<id>. What is done by this descriptor is done to this sandbox, and not to a
 * later one of the same id. The directory, owned by the caller; -ENOENT if there is no such
 * sandbox; another -errno. */
int meta_open(const struct server *s, const char *id, struct err *e);

/* The same, locked; -EBUSY when somebody has had the lock for wait_ms. */
#define META_NO_WAIT 0
#define META_WAIT UINT64_MAX
int meta_lock(const struct server *s, const char *id, uint64_t wait_ms, struct err *e);

/* Read meta.json, and sb->runtime. 0; -ENOENT if it is not there: the sandbox does not exist;
 * -EBADMSG if the file is damaged; another -errno. */
int meta_load(const struct server *s, int dir_fd, const char *id, struct sandbox *sb,
	      struct err *e);

/* Whether there is such a sandbox; whether dir_fd is, still, that of one. */
bool meta_exists(const struct server *s, const char *id);
bool meta_is_in(int dir_fd);

/* Remove meta.json, for good: the sandbox exists no longer. 0 or -errno. */
int meta_remove(int dir_fd, struct err *e);

struct usage {
	uint64_t exec_count;     /* commands that were started */
	uint64_t last_active_ms; /* since 1970 */
	uint64_t ends[MSG_ENDS]; /* commands that have ended, by how */
};

/* Absent is all zero; so are the ends, where a version has written it that did not count them. */
struct usage meta_read_usage(int dir_fd);
int meta_write_usage(int dir_fd, const struct usage *u, struct err *e);

/* Note that the sandbox was active just now. */
void meta_count_use(int dir_fd);

/* Note that it was, and that a command was started, the n-th of the sandbox's. */
void meta_count_start(int dir_fd, uint64_t n);

/* Note that it was, and that a command has ended in that way. */
void meta_count_end(int dir_fd, enum msg_exec_end end);

/* The ids in DATA/sandboxes, sorted: those of sandboxes, and of what is coming or going. Returns
 * how many. */
size_t meta_list(const struct server *s, char ids[LIMIT_SANDBOXES][LIMIT_ID_BYTES + 1]);

#endif
