/* SPDX-License-Identifier: MIT */
/* The wall clock, by which sandboxes' lifetimes count over a reboot and certificates hold: that it
 * says what can be, and that the console says when it was set. ntpd sets it (SQUASH_NTP). */
#ifndef SQUASH_INIT_BOOT_TIMEKEEPING_H
#define SQUASH_INIT_BOOT_TIMEKEEPING_H

#include <stdint.h>

#include "lib/err.h"

struct timekeeping {
	int event_fd;       /* readable when the clock was set, for poll(2); -1: none */
	int64_t offset_ms;  /* of the wall clock from that of the time since boot */
	uint64_t remark_ms; /* when to say that no server has given the time, or 0 */
};

/* A clock that says less than the date of the image's build is set to that, and the console says
 * so: nobody is helped by what can't be. */
int timekeeping_check(struct err *e);

/* Watch the clock from now on. t->event_fd is -1 before. */
int timekeeping_watch(struct timekeeping *t, struct err *e);

/* ntpd runs: if it has not set the clock after a while, timekeeping_remark() says so. */
void timekeeping_expect(struct timekeeping *t);

/* Take in that the clock was set; a step of seconds is said, what a server corrects every day is
 * not. */
void timekeeping_read_events(struct timekeeping *t);

/* Say, once, that no server has given the time. Milliseconds until this must be called again, or
 * -1. */
int timekeeping_remark(struct timekeeping *t);

#endif
