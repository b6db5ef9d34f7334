/* SPDX-License-Identifier: MIT */
/* The GUID partition tables of the disks that are there. */
#ifndef SQUASH_INIT_DISK_GPT_DISK_H
#define SQUASH_INIT_DISK_GPT_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "disk.h"
#include "init/settings/gpt.h"
#include "lib/err.h"

/* A disk and its table. Large: static memory is for it. */
struct gpt_disk {
	int fd;
	char name[DISK_NAME_BYTES];
	bool is_primary; /* the header is the primary one; else the backup at the disk's end, as the
			  * primary isn't valid */
	struct gpt_header header;
	uint8_t entries[GPT_ENTRIES_MAX];
};

/* Open the disk of this name and read its table; flags are open(2)'s. To be closed by
 * gpt_disk_close(). False: there is no valid table, or it can't be read. */
bool gpt_disk_open(struct gpt_disk *d, const char *name, int flags);

void gpt_disk_close(struct gpt_disk *d);

/* Write its table, which has been changed, to the disk: the backup first, then the primary, each on
 * the disk before the next is begun, so that one of them is valid at any time. d->header is the
 * primary's. 0, or -errno with e filled. */
int gpt_disk_write(const struct gpt_disk *d, struct err *e);

/* The partition of the i-th entry, by the name that sysfs gives it. False: the kernel has none. */
bool gpt_disk_partition(const struct gpt_disk *d, uint32_t i, char name[DISK_NAME_BYTES]);

/* Call visit for each whole disk of the machine, until it says true. What it said last. */
bool gpt_disk_each(bool (*visit)(void *context, const char *name), void *context);

/* The partition with this GUID of its own. 0 with name set, or -errno with e filled: -ENODEV, there
 * is none; -ENOTUNIQ, more than one. */
int gpt_disk_find(const uint8_t guid[GPT_GUID_BYTES], char name[DISK_NAME_BYTES], struct err *e);

#endif
