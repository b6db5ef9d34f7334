/* SPDX-License-Identifier: MIT */
/* One connection of the sandbox: its state, its bytes and its end. relay.c accepts it, admit.c
 * reads what it wants and asks the policy, dial.c finds the way there. Each connection goes where
 * the policy allows, or is reset. At the web's ports that is judged for each name that it asks for
 * as long as it lasts (inspect.h). */
#ifndef SQUASH_EGRESS_CONNECTION_H
#define SQUASH_EGRESS_CONNECTION_H

#include "feed.h"
#include "judge.h"
#include "lib/listener.h"
#include "netlog.h"
#include "traffic.h"
#include "upstream.h"

enum connection_state {
	CONNECTION_FREE,
	CONNECTION_ASKS,     /* reads what says which name it wants */
	CONNECTION_RESOLVES, /* waits for the servers */
	CONNECTION_DIALS,
	CONNECTION_FLOWS,
};

struct relay;

struct connection {
	enum connection_state state;
	struct relay *relay;
	struct connection *next_free;
	struct flow_end sandbox, remote;
	struct flow up, down; /* up: what the sandbox sends */
	struct timer timer;
	struct waiter waiter;
	uint64_t begun_ms;
	uint64_t active_ms; /* when bytes last moved */
	bool half;          /* one direction has ended */

	struct errand errand;
	bool is_inspected;   /* by feed, which is unused otherwise */
	struct feed feed;    /* of up */
	const char *refusal; /* why it must end while bytes move; NULL: nothing is wrong */

	/* Where it goes: addrs[tried - 1] is being dialled, or was reached. */
	struct addr addrs[DNS_ADDRS_MAX];
	size_t addr_count, tried;
	uint64_t deadline_ms;
	const char *obstacle; /* why the last one wasn't reached */
};

/* All connections, and what they share; relay.h has the rest. */
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
	uint8_t held[EGRESS_CONNECTIONS][INSPECT_BYTES]; /* the connections' */
	uint8_t room[INSPECT_BYTES];                     /* for one step of any */
};

/* Ends it before bytes have moved: the sandbox is told by RST, and the log why. */
void connection_refuse(struct connection *c, const char *reason);

/* Begins to move bytes: the remote end is connected. */
void connection_flow(struct connection *c);

/* Moves what can be moved between the two ends, and ends the connection when they have. */
void connection_move(struct connection *c);

/* Ends it while bytes move, and logs how. */
void connection_end(struct connection *c, const char *how, bool by_reset);

#endif
