/* SPDX-License-Identifier: MIT */
/* What this machine was booted from: the firmware, and, if there is one, the EFI system partition
 * (ESP) and what its boot loader says of the boot. */
#ifndef SQUASH_INIT_DISK_BOOT_SOURCE_H
#define SQUASH_INIT_DISK_BOOT_SOURCE_H

#include <stdbool.h>

#include "disk.h"
#include "init/boot/modules.h"
#include "init/settings/gpt.h"
#include "init/settings/settings.h"
#include "lib/err.h"

#define BOOT_TEXT_BYTES 256 /* a path on the ESP, a NUL */

struct boot_source {
	bool is_uefi;
	bool has_loader; /* systemd-boot has started this kernel */
	/* Of the ESP: what systemd's boot loader or stub was read from, or else SQUASH_ESP. Empty:
	 * neither says. */
	char esp_guid[GPT_GUID_TEXT_BYTES];
	bool esp_is_set;             /* by SQUASH_ESP */
	char esp[DISK_NAME_BYTES];   /* "sda1"; empty: there is no esp_guid, or it was not found */
	char entry[BOOT_TEXT_BYTES]; /* the entry that was started; empty: not said */
	/* The file on the ESP whose name counts the tries that are left, as it is called now:
	 * "/EFI/Linux/squash_0.2.0+2-1.efi". Empty: this boot is not counted. */
	char count_path[BOOT_TEXT_BYTES];
};

/* Find out. Disks are waited for as for SQUASH-DATA if there is an ESP to be found. One that isn't
 * there is said on the console. If systemd-boot has started this kernel from it, PATH_ESP is left,
 * a symbolic link to its device. The kernel can mount it from then on. *b is all zeroes before. */
int boot_source_find(struct boot_source *b, const struct settings *settings, struct modules *m,
		     struct err *e);

/* Whether this boot is counted: asked by itself, however early the boot has failed. */
bool boot_source_is_counted(void);

#endif
