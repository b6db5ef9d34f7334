/* SPDX-License-Identifier: MIT */
/* Commands that nobody waits for. Of the sandbox's n-th, DATA/sandboxes/<id>/execs/<n>/ has:
 *
 *   fields          of msg.h: what is known of it; in the end its result, which replaces them
 *   stdout, stderr  the last DETACHED_KEPT_BYTES of each stream, and how many there were in all
 *   kill            is made by whoever wants it ended
 *
 * The worker that supervises it has the directory locked (flock(2)): without lock and result it was
 * lost, with the worker, or with the machine. */
#ifndef SQUASH_SQUASHD_EXEC_DETACHED_H
#define SQUASH_SQUASHD_EXEC_DETACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/msg.h"

#define DETACHED_KEPT_BYTES                                                                        \
	UINT64_C(262144)      /* of each stream: screens full; a log of its own has more */
#define DETACHED_ENDED_MAX 16 /* of those that have ended, the last ones are kept */
#define DETACHED_FIELDS_BYTES 8192

/* ---- For who supervises ---- */

struct detached {
	int dir_fd;
	int ring_fd[2];
	int notify_fd; /* for poll(2): somebody may want it ended */
	uint64_t written[2];
};

/* Make the n-th command's directory, with these fields; older ones that have ended may go for it.
 * The caller holds the sandbox's lock; sandbox_fd is its directory. 0 or -errno. */
int detached_make(int sandbox_fd, uint64_t n, const struct buf *fields, struct detached *d,
		  struct err *e);

/* Keep what fd has of stdout (0) or stderr (1): what read(2) returned. */
ssize_t detached_take(struct detached *d, int which, int fd);

/* After notify_fd has become readable: whether it shall be ended. */
bool detached_is_unwanted(struct detached *d);

/* Write the result down, and let go of it. 0 or -errno. */
int detached_end(struct detached *d, const struct buf *fields, struct err *e);

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

/* Have it ended. 0 or -errno. */
int detached_kill(int dir_fd, struct err *e);

/* The numbers of those that are kept, in their order: up to max. How many. */
size_t detached_list(int sandbox_fd, uint64_t *numbers, size_t max);

#endif
