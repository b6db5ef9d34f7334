/* SPDX-License-Identifier: MIT */
/* What system calls httpd and the CGI programs that it runs may make. */
#ifndef SQUASH_INIT_SERVICE_HTTP_CALLS_H
#define SQUASH_INIT_SERVICE_HTTP_CALLS_H

#include "lib/seccomp.h"

extern const struct seccomp_table http_calls;

#endif
