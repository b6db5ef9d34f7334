/* SPDX-License-Identifier: MIT */
/* Kernel modules for the devices that are there and for those that come late: USB disks and cards
 * need seconds. When the boot is over and no device has come for a while, that ends: from then on
 * the kernel loads no module, so that none of its code can be had that nothing needed so far. What
 * is plugged in later works if it is of a kind that was there, or from the next boot on.
 *
 * The kernel names each device by an alias ("pci:v00008086d..."), in sysfs for those that are there
 * and in an event for each that comes; modprobe finds the module. Drivers make new devices (a USB
 * host its disks), which come as events again. */
#ifndef SQUASH_INIT_BOOT_MODULES_H
#define SQUASH_INIT_BOOT_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"

/* A server has a few hundred distinct aliases. When either is full, devices wait for the next run
 * of modprobe, or for ever if the machine has thousands. */
#define MODULES_SEEN_MAX 8192
#define MODULES_BATCH_MAX 256
#define MODULES_BATCH_BYTES 32768

/* Without a new device for so long, all are there: where there is a bus whose devices take their
 * time to say that they are there, and where not. */
#define MODULES_QUIET_SLOW_MS 30000
#define MODULES_QUIET_MS 2000

struct modules {
	int event_fd; /* netlink, for poll(2) */
	pid_t loader; /* modprobe at work, or 0 */
	bool lost;    /* events were lost, or did not fit: look at sysfs again */
	bool locked;  /* for good */
	bool said;    /* that a device has come after that */
	uint64_t quiet_since_ms;
	/* Hashes of the aliases asked for so far: open addressing, 0 is free. */
	uint64_t seen[MODULES_SEEN_MAX];
	size_t seen_count;
	char *batch[MODULES_BATCH_MAX]; /* to ask for next, into text */
	size_t batch_count;
	char text[MODULES_BATCH_BYTES];
	size_t text_len;
};

/* Listen for devices, load what those that are there need and what the sandboxes need, and wait
 * for it. *m is all zeroes before. */
int modules_start(struct modules *m, struct err *e);

/* Have this module, or what has this alias, loaded with the next ones. */
void modules_want(struct modules *m, const char *alias);

/* Take in the events that have come. For each new disk, on_disk is called with its name. */
void modules_read_events(struct modules *m, void (*on_disk)(void *context, const char *name),
			 void *context);

/* Start modprobe if there is something to load and none is at work yet. One at a time: the kernel
 * spends the time, and two at once took as long on two processors. */
void modules_load(struct modules *m);

/* Load and wait until nothing is left to load; events are taken in between. */
void modules_load_all(struct modules *m);

/* Lock the kernel's modules once all has been quiet for quiet_ms. Milliseconds until this must be
 * called again, or -1. */
int modules_lock(struct modules *m, unsigned quiet_ms);

/* A child has ended: true if it was modprobe. Call modules_load() then. */
bool modules_reap(struct modules *m, pid_t pid);

#endif
