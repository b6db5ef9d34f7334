/* SPDX-License-Identifier: MIT */
/* A watchdog resets the machine unless PID 1 gives a sign of life every now and then: it ends hangs
 * of the kernel, and of PID 1. It runs from the loading of the drivers on: while the machine boots
 * and while it ends, when steps may take long, with more patience. */
#ifndef SQUASH_INIT_BOOT_WATCHDOG_H
#define SQUASH_INIT_BOOT_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "modules.h"

#define WATCHDOG_PATIENCE_S 600 /* or the most that it can; a disk of 20 TB is formatted in less */

struct watchdog {
	int fd; /* -1: there is none, or SQUASH_WATCHDOG is 0 */
	unsigned timeout_s;
	uint64_t fed_ms;
};

/* Have the machine's watchdog run with WATCHDOG_PATIENCE_S: a device's, or the kernel's own if
 * there is none. */
void watchdog_start(struct watchdog *w, struct modules *m);

/* From now on a sign of life is needed every timeout_s seconds, or as near to that as the device
 * can; 0: never again. */
void watchdog_set(struct watchdog *w, unsigned timeout_s);

/* Say on the console what holds. */
void watchdog_say(const struct watchdog *w);

/* PID 1 lives. */
void watchdog_feed(struct watchdog *w);

/* The same, but every third of its time is enough. Milliseconds until this must be called again, or
 * -1. */
int watchdog_feed_due(struct watchdog *w);

/* The machine is about to end, and steps may take long again. */
void watchdog_be_patient(struct watchdog *w);

/* No sign of life is needed any more: the machine goes off, and must not come back by this. */
void watchdog_stop(struct watchdog *w);

#endif
