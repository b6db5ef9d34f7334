/* SPDX-License-Identifier: MIT */
/* What requests come in by: front's ports, and httpd's socket behind it. */
#ifndef SQUASH_INIT_SERVICE_PORTS_H
#define SQUASH_INIT_SERVICE_PORTS_H

#include "init/settings/settings.h"
#include "lib/err.h"

struct ports {
	int http_fd; /* -1: there is none */
	int tls_fd;
};

/* Listen on the ports, of IPv4 and IPv6, for front, and make the directory in which httpd listens
 * for it, and which these two alone can enter. Made once and never closed, so that a connection
 * that comes while front is being restarted waits and is not lost. 0, or -errno with e filled;
 * *p is filled as far as it went. */
int ports_open(struct ports *p, const struct settings *settings, struct err *e);

#endif
