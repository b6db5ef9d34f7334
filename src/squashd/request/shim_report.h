/* SPDX-License-Identifier: MIT */
/* What a shim (src/shim) tells of its command. */
#ifndef SQUASH_SQUASHD_REQUEST_SHIM_REPORT_H
#define SQUASH_SQUASHD_REQUEST_SHIM_REPORT_H

#include "lib/err.h"
#include "squashd/sandbox.h"

/* Make the socket that shims report to. It, owned by the caller, or -errno. */
int shim_report_listen(const struct server *s, struct err *e);

/* Read the report on the connection (borrowed), do what it takes, and answer. In a process of its
 * own. */
void shim_report_serve(const struct server *s, int conn_fd);

#endif
