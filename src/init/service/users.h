/* SPDX-License-Identifier: MIT */
/* Users of the services, and groups of the same numbers: rootfs/etc/passwd names them. */
#ifndef SQUASH_INIT_SERVICE_USERS_H
#define SQUASH_INIT_SERVICE_USERS_H

#define USER_HTTP 801
#define USER_FRONT 802
#define USER_NTP 803

#endif
