/* SPDX-License-Identifier: MIT */
/* Where the settings come from: command line, ESP, disk and image. What they mean is in
 * settings.h. */
#ifndef SQUASH_INIT_CONFIG_H
#define SQUASH_INIT_CONFIG_H

#include "init/disk/boot_source.h"
#include "init/disk/data.h"
#include "init/settings/settings.h"

struct config {
	struct settings_raw command_line;
	struct settings_raw credentials; /* of the ESP */
	struct settings_raw files;       /* image, then disk over it */
};

/* Take the settings out of init's environment, which is where the kernel puts those of its command
 * line, and wipe the environment: its memory can be read in /proc. *c is all zeroes before. */
void config_take_environment(struct config *c, char **environment);

/* Read /etc/squash.env, and say its faults. *out: what holds before any disk is looked at; only
 * SQUASH_ESP of it is final. */
void config_load_image(struct config *c, struct settings *out);

/* Read the credentials, and say their faults: those that systemd's stub has left in /.extra
 * (systemd-stub(7)), of which nothing stays that anybody can read; or the file on the ESP that
 * SQUASH_ESP names. *out: what holds before SQUASH-DATA is looked at; SQUASH_DATA, SQUASH_DATA_WAIT
 * and SQUASH_FORMAT of it are final. */
void config_load_credentials(struct config *c, const struct boot_source *source,
			     struct settings *out);

/* Read squash.env on the disk, and say its faults and those of all values. *out is final: its
 * token is set unless the API is open to all; if the API is locked, to one that nobody knows. */
void config_load_disk(struct config *c, const struct data *data, struct settings *out);

#endif
