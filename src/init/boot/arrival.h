/* SPDX-License-Identifier: MIT */
/* Disks that come late: USB, NVMe, SAS, RAID, SCSI, SD cards. */
#ifndef SQUASH_INIT_BOOT_ARRIVAL_H
#define SQUASH_INIT_BOOT_ARRIVAL_H

#include <stdbool.h>

#include "modules.h"

/* Whether there is a bus whose disks, and other devices, may come after its driver is loaded. IDE,
 * SATA and virtio disks are there by then. */
bool arrival_is_possible(void);

/* Call look until it says true, at once and then as disks come: for at most wait_s seconds, and not
 * again if none can come. What it said last. */
bool arrival_wait(bool (*look)(void *context), void *context, unsigned wait_s, struct modules *m);

#endif
