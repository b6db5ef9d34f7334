/* SPDX-License-Identifier: MIT */
/* A service, and the table of all. What happens to them is in services.h, how each is run in
 * programs.h. */
#ifndef SQUASH_INIT_SERVICE_SERVICE_H
#define SQUASH_INIT_SERVICE_SERVICE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "init/settings/settings.h"
#include "ports.h"

#define SERVICES_MAX 16

enum service_kind {
	SERVICE_NONE,
	SERVICE_SQUASHD,
	SERVICE_HTTPD,
	SERVICE_FRONT,
	SERVICE_DHCP,
	SERVICE_DHCP_EGRESS, /* on the sandboxes' card */
	SERVICE_NTP
};

struct service {
	enum service_kind kind;   /* SERVICE_NONE: a free slot */
	char interface[IFNAMSIZ]; /* a DHCP client's network card */
	char name[16 + IFNAMSIZ]; /* for the console */
	pid_t pid;                /* 0: it does not run */
	uint64_t started_ms;
	uint64_t due_ms; /* of the next start, if it does not run */
	unsigned delay_ms;
	unsigned failures; /* in a row */
	bool again;        /* it was ended to be started again */
};

struct services {
	struct service list[SERVICES_MAX];
	const struct settings *settings; /* borrowed for good */
	const char *data_path;           /* borrowed for good */
	int listen_fd;                   /* PATH_SOCKET: squashd's, kept open here for good */
	struct ports ports;              /* front's */
};

#endif
