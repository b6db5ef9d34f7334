/* SPDX-License-Identifier: MIT */
/* What systemd-boot is told for the next boot alone. Source: systemd, The Boot Loader Interface. */
#ifndef SQUASH_SQUASHD_UPDATE_ONESHOT_H
#define SQUASH_SQUASHD_UPDATE_ONESHOT_H

#include "lib/err.h"

/* Have it boot the entry of this id: the name of a UKI without its counter. 0 or -errno. */
int oneshot_set(const char *id, struct err *e);

#endif
