/* SPDX-License-Identifier: MIT */
/* Takes the sandbox's connections, and goes on with each when its sockets or its timer say so. */
#ifndef SQUASH_EGRESS_RELAY_H
#define SQUASH_EGRESS_RELAY_H

#include "connection.h"

/* The pointers in *r are set, and borrowed for good, as the descriptors are. fd6: -1 without IPv6.
 * 0 or -errno with e filled. */
int relay_init(struct relay *r, int fd, int fd6, struct err *e);

/* Cut what the policy doesn't allow any more. */
void relay_policy_changed(struct relay *r);

#endif
