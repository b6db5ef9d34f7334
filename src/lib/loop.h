/* SPDX-License-Identifier: MIT */
/* A program's one loop: what is ready, what is due, and what has had its turn but isn't done. */
#ifndef SQUASH_LIB_LOOP_H
#define SQUASH_LIB_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "err.h"
#include "timers.h"

#define LOOP_EVENTS 64 /* taken from the kernel at once */
#define LOOP_BURST 32  /* datagrams, or connections, taken from one socket before others' turn */

/* A descriptor that is watched. ready is called with EPOLL* bits; 0: it is its turn again. */
struct loop_source {
	int fd; /* -1: none */
	void (*ready)(void *owner, uint32_t events);
	void *owner;
	bool waits_for_turn;
	struct loop_source *next; /* that waits for its turn */
};

struct loop {
	int epoll_fd;
	uint64_t now_ms; /* clock_mono_ms() of this turn */
	struct timers timers;
	struct epoll_event events[LOOP_EVENTS];
	int event_count;
	struct loop_source *first, *last; /* that wait for their turn */
	size_t waiting;
};

/* heap, borrowed for good, has room for one timer more than will ever be set at once. 0 or -errno
 * with e filled. */
int loop_init(struct loop *l, struct timer **heap, struct err *e);

/* Watch fd, which becomes s->fd (borrowed until loop_close), for events. 0 or -errno. */
int loop_add(struct loop *l, struct loop_source *s, int fd, uint32_t events);

/* Watch it for other events. */
void loop_change(struct loop *l, struct loop_source *s, uint32_t events);

/* Close s->fd, if there is one. ready is not called any more, not even for what the kernel has told
 * of it already. */
void loop_close(struct loop *l, struct loop_source *s);

/* Call ready again, after the others had their turn. */
void loop_again(struct loop *l, struct loop_source *s);

/* One turn: wait, then call what is ready or due. 0 or -errno with e filled. */
int loop_turn(struct loop *l, struct err *e);

#endif
