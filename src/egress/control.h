/* SPDX-License-Identifier: MIT */
/* The socket that policies come by, from squashd. */
#ifndef SQUASH_EGRESS_CONTROL_H
#define SQUASH_EGRESS_CONTROL_H

#include "lib/loop.h"
#include "limits.h"
#include "policy.h"

struct control {
	struct loop_source source; /* listens */
	struct policy *policy;     /* that the others look at */
	struct policy next;        /* being read */
	/* Called when the policy is another, before squashd is told that it is. */
	void (*changed)(void *owner);
	void *owner;
	char body[EGRESS_POLICY_BYTES];
};

/* fd is borrowed for good. 0 or -errno with e filled. */
int control_init(struct control *c, struct loop *l, int fd, struct err *e);

#endif
