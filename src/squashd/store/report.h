/* SPDX-License-Identifier: MIT */
/* What workers tell squashd of the sandboxes that they have started, so that it watches them
 * (watch.h): messages through a socket, each with a pidfd. */
#ifndef SQUASH_SQUASHD_STORE_REPORT_H
#define SQUASH_SQUASHD_STORE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "squashd/sandbox.h"

enum report_kind { REPORT_SANDBOX, REPORT_EGRESS, REPORT_NO_EGRESS };

struct report {
	enum report_kind kind;
	char id[LIMIT_ID_BYTES + 1];
	uint64_t deadline_ms; /* of a sandbox */
};

/* In a worker: have squashd watch the sandbox whose PID 1 pidfd is. -errno when squashd is gone:
 * the next one finds the sandbox. With pidfd -1 it has none, and only its deadline counts. What was
 * known of an egress of it is forgotten. */
int report_sandbox(const struct server *s, const struct sandbox *sb, int pidfd, struct err *e);

/* The same for the egress of a sandbox that has been reported, whose process pidfd is. With -1 it
 * has none: it is wanted, and named later, or it isn't. */
int report_egress(const struct server *s, const char *id, int pidfd, bool wanted, struct err *e);

/* In squashd: take the next report from its end of the socket. *pidfd is the caller's then, -1 if
 * none came with it. False when there is no report, or it is damaged; *pidfd is set all the
 * same. */
bool report_take(int fd, struct report *report, int *pidfd);

#endif
