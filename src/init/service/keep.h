/* SPDX-License-Identifier: MIT */
/* Making a version that has proved itself the one that stays. */
#ifndef SQUASH_INIT_SERVICE_KEEP_H
#define SQUASH_INIT_SERVICE_KEEP_H

#include "lib/err.h"

#define KEEP_FOLDER "EFI/Linux" /* where systemd-boot finds UKIs */

/* In a process of its own, which loses its mounts by it: on the ESP, which is on that device, take
 * the counter off the file's name, and remove versions above it: systemd-boot would prefer them,
 * and they are what it came down from. 0, and all of it is on the disk; or -errno. */
int keep_version(const char *device, const char *file, struct err *e);

#endif
