/* SPDX-License-Identifier: MIT */
/* SQUASH_DATA: a disk labelled SQUASH-DATA, or memory. */
#ifndef SQUASH_INIT_DISK_DATA_H
#define SQUASH_INIT_DISK_DATA_H

#include <stdbool.h>

#include "disk.h"
#include "init/boot/modules.h"
#include "init/settings/settings.h"
#include "lib/err.h"

enum data_state {
	DATA_NONE,     /* no such disk: memory */
	DATA_DISK,     /* disk is mounted */
	DATA_UNUSABLE, /* disks there are, but none could be mounted: memory */
};

struct data {
	enum data_state state;
	char disk[DISK_NAME_BYTES]; /* empty unless state is DATA_DISK */
	const char *path;           /* the mount point: borrowed */
};

/* Look for the disk, and mount it at path, or memory. If there is none, make the one that
 * settings->format names SQUASH-DATA, if it is blank. path is borrowed for good.
 *
 * A disk that is there when the drivers are loaded is taken at once. Otherwise one is waited for,
 * for at most settings->data_wait_s seconds, and only if some may come late (arrival.h). A disk is
 * formatted after that, lest the labelled one be late.
 * Two disks with the label: none is mounted, as nobody knows which is meant. What went wrong is
 * said on the console. Fails only if not even memory can be mounted. */
int data_mount(struct data *d, const char *path, const struct settings *settings, struct modules *m,
	       struct err *e);

/* A disk has come after that: say so if it is labelled, as it won't be used. context: a struct
 * data. */
void data_notice_disk(void *context, const char *name);

/* Read the settings file on the disk, if there is one, into text (cap bytes). Its length, 0 for
 * none, or -errno with e filled. */
ssize_t data_read_settings(const struct data *d, char *text, size_t cap, struct err *e);

/* Whether there is a file of named tokens, good or not: squashd opens the API to nobody else. */
bool data_has_tokens(const struct data *d);

#endif
