/* SPDX-License-Identifier: MIT */
/* The wall clock, by which sandboxes' lifetimes count over a reboot and certificates hold: it
 * never says less than the date of the image's build, and the console says when it was set.
 *
 * With SQUASH_NTP, busybox's ntpd (config/busybox.patch) sets a clock that is more than a second
 * off, and has the kernel slew smaller errors. It needs two answers of a server, some 3 s; of
 * several servers it doesn't believe the minority. An answer must come from the address and port
 * that were asked, and repeat the question's random numbers. NTP has no signature here: whoever
 * can see the questions can answer them. The kernel writes the time back to the hardware's clock
 * once ntpd has set it, and every 11 minutes (CONFIG_RTC_SYSTOHC).
 *
 * ntpd starts a second after the first address is there, or 10 s after the boot, and anew with
 * each other address, as it asks ever more rarely (at most 9 minutes apart) while nobody
 * answers. */
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
