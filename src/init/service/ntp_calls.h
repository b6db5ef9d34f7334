/* SPDX-License-Identifier: MIT */
/* What system calls ntpd may make. */
#ifndef SQUASH_INIT_SERVICE_NTP_CALLS_H
#define SQUASH_INIT_SERVICE_NTP_CALLS_H

#include "lib/seccomp.h"

extern const struct seccomp_table ntp_calls;

#endif
