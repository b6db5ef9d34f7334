/* SPDX-License-Identifier: MIT */
/* The sandbox's connections: each goes where the policy allows, or is reset. */
#ifndef SQUASH_EGRESS_RELAY_H
#define SQUASH_EGRESS_RELAY_H

#include "connection.h"
#include "lib/listener.h"

struct relay {
	struct loop *loop;
	const struct policy *policy;
	struct upstream *upstream;
	struct names *names;
	struct netlog *log;
	struct traffic *traffic;
	struct listener listeners[2]; /* by IPv4, by IPv6 */
	struct flow_pipes pipes;
	struct connection *free_connections;
	struct connection connections[EGRESS_CONNECTIONS];
	uint8_t heads[EGRESS_CONNECTIONS][SNIFF_BYTES];
};

/* The pointers in *r are set, and borrowed for good, as the descriptors are. fd6: -1 without IPv6.
 * 0 or -errno with e filled. */
int relay_init(struct relay *r, int fd, int fd6, struct err *e);

/* Cut what the policy doesn't allow any more. */
void relay_policy_changed(struct relay *r);

#endif
