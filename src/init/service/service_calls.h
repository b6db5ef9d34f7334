/* SPDX-License-Identifier: MIT */
/* System calls of the services: seccomp(2). */
#ifndef SQUASH_INIT_SERVICE_SERVICE_CALLS_H
#define SQUASH_INIT_SERVICE_SERVICE_CALLS_H

#include "lib/seccomp.h"

/* What httpd, and the CGI programs that it runs, may call. */
extern const struct seccomp_table http_calls;

/* What ntpd may call. */
extern const struct seccomp_table ntp_calls;

/* What squashd, its workers and all that they start may not call. */
extern const struct seccomp_table squashd_calls;

#endif
