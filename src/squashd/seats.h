/* SPDX-License-Identifier: MIT */
/* Who may have a worker: LIMIT_WORKERS seats, each with what its worker does, for which sandbox and
 * for which client. Some are kept for what ends soon, some for what is no client's; a sandbox gets
 * no more than half as many as are free, a client no more than it leaves free: so that neither
 * commands without end nor one client keep others from being served. A client that has gone keeps
 * the seats of what it has begun. In memory that squashd shares with its workers. */
#ifndef SQUASH_SQUASHD_SEATS_H
#define SQUASH_SQUASHD_SEATS_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/addr.h"
#include "lib/err.h"

struct seats;

enum seat_class {
	SEAT_NEW,  /* what it is has not been read yet */
	SEAT_SOON, /* ends in a moment, or waits only for what does */
	SEAT_LONG, /* as long as a command, a client or a disk wants */
	SEAT_OWN,  /* no client's: a sweep, a sandbox's end, a shim's report */
};

/* All of them, free; NULL with e filled. */
struct seats *seats_make(struct err *e);

/* ---- For squashd ---- */

/* A free seat for a worker that is to be started, taken; -1: there is none, or none but those kept
 * for SEAT_OWN. */
int seats_take(struct seats *s, enum seat_class class);

/* The worker on it has been started; pid -1: that failed, and it is free again. */
void seats_give(struct seats *s, int seat, pid_t pid);

/* The process has ended. Whether it was a worker: what became a shim is none. */
bool seats_end(struct seats *s, pid_t pid);

/* How many are taken; by workers of that class. */
unsigned seats_taken(struct seats *s);
unsigned seats_of_class(struct seats *s, enum seat_class class);

/* ---- For a worker ---- */

/* What it is going to do, for the sandbox id ("": for none) and the client. False: it may not, now,
 * and e says why. Once more, with another class, if it takes longer than had been thought. */
bool seats_admit(struct seats *s, int seat, enum seat_class class, const char *id,
		 const struct addr *client, struct err *e);

/* It is no worker from now on. */
void seats_leave(struct seats *s, int seat);

#endif
