/* SPDX-License-Identifier: MIT */
/* Commands that nobody waits for. Of the sandbox's n-th, DATA/sandboxes/<id>/execs/<n>/ has:
 *
 *   fields          of msg.h: what is known of it; in the end its result, which replaces them
 *   stdout, stderr  the last of each stream, and how many there were in all: lib/ring.h
 *   job             what its end takes to be written down
 *
 * Its shim (lib/shim.h) has the directory locked (flock(2)): without lock and result it was lost,
 * with the shim, or with the machine. */
#ifndef SQUASH_SQUASHD_EXEC_DETACHED_H
#define SQUASH_SQUASHD_EXEC_DETACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/msg.h"
#include "squashd/store/caller.h"

#define DETACHED_ENDED_MAX 16 /* of those that have ended, the last ones are kept */
#define DETACHED_FIELDS_BYTES 8192

/* ---- For who starts it, and writes down its end ---- */

struct detached {
	int dir_fd; /* locked */
	int ring_fd[2];
};

struct detached_job {
	struct caller caller; /* whose request it was */
	char leaf[8];         /* the cgroup that it runs in, */
	uint64_t oom_kills;   /* and its memory.events oom_kill, */
	uint64_t frozen_ms;   /* and freeze_total_ms() when it was started */
	uint64_t started_ms;  /* since 1970 */
	uint64_t cmd_len;     /* of the whole command */
};

/* Make the n-th command's directory, with these fields, before the command is started; older ones
 * that have ended may go for it. The caller holds the sandbox's lock; sandbox_fd is its directory.
 * 0 or -errno. */
int detached_make(int sandbox_fd, uint64_t n, const struct buf *fields,
		  const struct detached_job *job, struct detached *d, struct err *e);

/* Write down the job, now that it is known; that takes no room. 0 or -errno. */
int detached_set_job(const struct detached *d, const struct detached_job *job, struct err *e);

/* Undo detached_make(): the command could not be started. */
void detached_drop(int sandbox_fd, uint64_t n, struct detached *d);

/* Let go of it. */
void detached_close(struct detached *d);

/* What detached_make() was given; of the command as much as was kept, the length, at most cap - 1.
 * 0 or -errno. */
int detached_read_job(int dir_fd, struct detached_job *job, struct err *e);
ssize_t detached_read_cmd(int dir_fd, char *cmd, size_t cap, struct err *e);

/* Write the result down. 0 or -errno. */
int detached_end(int dir_fd, const struct buf *fields, struct err *e);

/* ---- For who asks ---- */

/* Open the directory of the n-th command. It, owned by the caller; -ENOENT if it was never detached
 * or isn't kept any more; another -errno. */
int detached_open(int sandbox_fd, uint64_t n, struct err *e);

enum msg_exec_state detached_state(int dir_fd);

/* Its fields, or the result, into b, and how much there was of its output, TAG_STDOUT_BYTES and
 * TAG_STDERR_BYTES. */
enum msg_exec_state detached_load(int dir_fd, struct buf *b);

/* Read up to cap bytes of a stream, from number *offset on; if that isn't kept any more, *offset
 * becomes that of the first that is. How many; 0: there are no more so far. */
ssize_t detached_read(int dir_fd, int which, uint64_t *offset, char *data, size_t cap,
		      struct err *e);

/* From now on, look out for more of a stream, and for its end. A descriptor for detached_wait(),
 * owned by the caller, or -errno. */
int detached_watch(int dir_fd, int which, struct err *e);

/* Wait for that, for wait_ms at most. 0, also if it was in vain; -ECONNRESET: the other end of
 * conn_fd is closed. */
int detached_wait(int watch_fd, int conn_fd, int wait_ms);

/* The numbers of those that are kept, in their order: up to max. How many. */
size_t detached_list(int sandbox_fd, uint64_t *numbers, size_t max);

/* The largest of them, or 0. */
uint64_t detached_last(int sandbox_fd);

#endif
