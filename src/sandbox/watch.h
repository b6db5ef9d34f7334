/* SPDX-License-Identifier: MIT */
/* What squashd itself keeps an eye on: that each sandbox's PID 1 lives, and when its lifetime is
 * over. A worker that has made a sandbox reports it through a socket; a squashd that starts finds
 * it by the sweep. */
#ifndef SQUASH_WATCH_H
#define SQUASH_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "sandbox.h"

struct watched {
	char id[LIMIT_ID_BYTES + 1]; /* empty: the place is free */
	int pidfd;                   /* of its PID 1; -1: that died */
	uint64_t due_ms;             /* when it is to be named by watch_next_over */
	uint64_t retry_ms;           /* from then to the next time */
};

struct watch {
	int epoll_fd;
	int news_fd;      /* squashd's end of the socket */
	int report_fd;    /* the workers' end, in struct server, too */
	uint64_t next_ms; /* no place is due before */
	struct watched all[LIMIT_SANDBOXES];
};

/* What an event of epoll_fd is about: its data.u64, or the index of a place. */
enum { WATCH_NEWS = LIMIT_SANDBOXES, WATCH_FIRST_FREE };

/* 0 or -errno with e filled. */
int watch_init(struct watch *w, struct err *e);

/* Watch a sandbox, from now on by this PID 1 if it is watched already. pidfd is borrowed; -1: it has
 * none, only its deadline counts. */
void watch_add(struct watch *w, const char *id, uint64_t deadline_ms, int pidfd);

/* In a worker: have squashd watch the sandbox whose PID 1 pidfd is. -errno when squashd is gone:
 * the next one finds the sandbox. pidfd may be -1, as with watch_add. */
int watch_report(const struct server *s, const struct sandbox *sb, int pidfd, struct err *e);

/* Handle an event whose data is an index or WATCH_NEWS. */
void watch_handle(struct watch *w, uint64_t data);

/* The next sandbox that seems to be over: its time is up, or its PID 1 died. (It may be another by
 * now: life_end_if_over looks again.) It is named again, after a second and then after twice as long each
 * time, while it exists and nothing is reported of it. NULL: none,
 * now. */
const char *watch_next_over(struct watch *w, const struct server *s);

/* For epoll_wait(2): milliseconds until a place is due; -1: none is. */
int watch_timeout_ms(const struct watch *w);

#endif
