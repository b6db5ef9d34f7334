/* SPDX-License-Identifier: MIT */
/* How an egress process begins. */
#ifndef SQUASH_SQUASHD_NETWORK_EGRESS_EXECUTE_H
#define SQUASH_SQUASHD_NETWORK_EGRESS_EXECUTE_H

#include "egress_net.h"
#include "lib/egress_fds.h"
#include "lib/err.h"
#include "squashd/sandbox.h"

/* Its log, in the sandbox's directory: of each kind of line two files that are written by turns, in
 * the order of their descriptors. The first two have lines of all kinds from older versions. */
extern const char *const egress_log_names[2 * EGRESS_LOGS];

/* Executes the sandbox's egress, with the sockets of n. Returns 0 with *pidfd set, which the caller
 * owns; or -errno with e filled. */
int egress_execute(const struct server *s, const struct sandbox *sb, const struct egress_net *n,
		   int *pidfd, struct err *e);

#endif
