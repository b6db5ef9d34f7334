/* SPDX-License-Identifier: MIT */
/* The ESP of the UEFI disk that we were booted from, mounted while somebody works on it: detached,
 * so that no other process sees it, and that it is gone with whoever has it open. */
#ifndef SQUASH_SQUASHD_UPDATE_ESP_H
#define SQUASH_SQUASHD_UPDATE_ESP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/uki.h"
#include "squashd/sandbox.h"

/* Of one of the links below PATH_RUN (paths.h: NAME_ESP and those after it). */
#define ESP_LINK_BYTES 256

/* Read it. False: there is none. */
bool esp_read_link(const struct server *s, const char *name, char text[ESP_LINK_BYTES]);

/* What a new version is written beside: kept, whatever else goes. */
struct esp {
	int mount_fd, ukis_fd;    /* of the whole, and of /EFI/Linux */
	char uki[UKI_NAME_BYTES]; /* the file that runs, without its counter */
};

/* Mount it. 0, to be ended by esp_close(); or -errno: -ENODEV if there is none, or none that has
 * the file that runs. */
int esp_open(const struct server *s, struct esp *esp, struct err *e);
void esp_close(struct esp *esp);

/* Remove what an update before has left, and all versions but the one that runs, if there is room
 * for a file of size bytes then. 0; -ENOSPC, with nothing removed; or another -errno. */
int esp_make_room(const struct esp *esp, uint64_t size, struct err *e);

/* A new file, which nothing boots. The descriptor, owned by the caller, or -errno. */
int esp_create(const struct esp *esp, struct err *e);

/* Sync that file (borrowed) and make it the UKI of that version, which boots next, for good. 0; or
 * -errno, and the file is gone. */
int esp_commit(const struct esp *esp, int file_fd, const struct uki_version *version,
	       struct err *e);

/* Remove that file: it is none. */
void esp_discard(const struct esp *esp);

#endif
