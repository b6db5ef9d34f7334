/* SPDX-License-Identifier: MIT */
/* A new version on trial. systemd-boot counts its boots in the name of its file, and goes back to
 * the version before when three are used up. This one is kept, by taking the counter off the name,
 * once the API answers; while it doesn't, it is asked again and again, and after TRIAL_MS the
 * machine is to reboot. All is done by children; PID 1 doesn't wait. */
#ifndef SQUASH_INIT_SERVICE_TRIAL_H
#define SQUASH_INIT_SERVICE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "init/disk/boot_source.h"
#include "lib/err.h"
#include "lib/uki.h"
#include "services.h"

#define TRIAL_MS 300000     /* for all that a boot may wait for: disks, DHCP, a slow machine */
#define TRIAL_AGAIN_MS 2000 /* between two tries */

enum trial_state {
	TRIAL_NONE,   /* this boot isn't on trial, or not any more */
	TRIAL_ASKS,   /* the API has not answered yet */
	TRIAL_KEEPS,  /* it has: the file is to be renamed */
	TRIAL_FAILED, /* it hasn't in time, and that has been said */
};

struct trial {
	enum trial_state state;
	const struct services *services; /* borrowed for good */
	char device[DISK_PATH_BYTES];
	char file[UKI_NAME_BYTES * 2]; /* with its counter, in TRIAL_FOLDER */
	struct uki_version version;
	pid_t child;       /* at work, or 0 */
	uint64_t due_ms;   /* of the next try, if there is none */
	uint64_t until_ms; /* no longer than that */
	bool said;         /* that it can't be kept */
};

/* Leave the links that tell squashd what runs (paths.h), and begin the trial if this boot is
 * counted. What counts is files of ours; another's counter is left alone. *t is all zeroes before.
 * services is borrowed for good. */
int trial_begin(struct trial *t, const struct boot_source *source, const struct services *services,
		struct err *e);

/* Do what is due. Milliseconds until this must be called again, or -1. */
int trial_run_due(struct trial *t);

/* A child has ended: true if it was the trial's. */
bool trial_reap(struct trial *t, pid_t pid, int status);

#endif
