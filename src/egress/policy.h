/* SPDX-License-Identifier: MIT */
/* What squashd has last said: what the sandbox may reach, what the operator lets any sandbox reach,
 * and who is asked for names. */
#ifndef SQUASH_EGRESS_POLICY_H
#define SQUASH_EGRESS_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "lib/allow.h"
#include "lib/buf.h"
#include "lib/msg.h"
#include "limits.h"

/* All zero: nothing may be reached. */
struct policy {
	struct allow allow[LIMIT_ALLOW_NET];
	size_t allow_count;
	struct addr_net nets[LIMIT_EGRESS_PRIVATE]; /* that may be reached though not public */
	size_t net_count;
	struct addr servers[EGRESS_SERVERS];
	size_t server_count;
	int device; /* the index of the one that all leaves by; 0: whichever leads there */
};

/* Read one from a message's fields. False, with what is wrong with it in why (for a person). */
bool policy_read(struct policy *p, struct msg_cursor fields, struct buf *why);

/* NULL: the name may be reached at that port, or, with port 0, at any. Otherwise why not, a word
 * for the log. */
const char *policy_refuses_name(const struct policy *p, const char *name, uint16_t port);

/* The same for an address that was dialled as such. */
const char *policy_refuses_addr(const struct policy *p, const struct addr *a, uint16_t port);

/* Whether the address, by whichever name, is one that a sandbox may reach. */
bool policy_is_reachable(const struct policy *p, const struct addr *a);

#endif
