/* SPDX-License-Identifier: MIT */
/* The orderly end: services, sandboxes, data, machine. */
#ifndef SQUASH_INIT_SHUTDOWN_H
#define SQUASH_INIT_SHUTDOWN_H

#include <stdnoreturn.h>

#include "init/boot/watchdog.h"
#include "init/service/services.h"

enum shutdown_end { SHUTDOWN_POWER_OFF, SHUTDOWN_REBOOT };

/* Stop the services, end the sandboxes, unmount the data, and then power off or reboot. Every wait
 * is bounded: it takes 15 s at the most, and as long as the disk needs. The watchdog has patience
 * with that, and with the reboot as much as ever. */
noreturn void shutdown_run(struct services *s, struct watchdog *w, enum shutdown_end end);

/* The boot can't go on, and why has been said: leave it on the screen for a while, then power off,
 * or reboot if this version is on trial. A kernel panic, which is what PID 1's end would be, would
 * push it off the screen. */
noreturn void shutdown_after_failure(struct watchdog *w, enum shutdown_end how);

#endif
