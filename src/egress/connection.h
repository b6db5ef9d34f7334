/* SPDX-License-Identifier: MIT */
/* One connection of the sandbox, from its being accepted to its end. Its parts: what it wants and
 * whether it may have that (admit.c), the way to there (dial.c), bytes (flow.c), and how it ends
 * (relay.c). */
#ifndef SQUASH_EGRESS_CONNECTION_H
#define SQUASH_EGRESS_CONNECTION_H

#include "flow.h"
#include "names.h"
#include "netlog.h"
#include "policy.h"
#include "sniff.h"
#include "upstream.h"

enum connection_state {
	CONNECTION_FREE,
	CONNECTION_SNIFFS,   /* reads what says which name it wants */
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

	/* What the sandbox dialled. */
	struct addr dest;
	uint16_t port;
	int name; /* that dest stands for, held; -1: none, it is meant as it is */

	/* What its first bytes ask for. */
	char asked[ALLOW_NAME_BYTES + 1]; /* empty: no name */
	uint8_t *head;                    /* SNIFF_BYTES of room */
	size_t head_len;

	/* Where it goes: addrs[tried - 1] is being dialled, or was reached. */
	struct addr addrs[DNS_ADDRS_MAX];
	size_t addr_count, tried;
	uint64_t deadline_ms;
	const char *obstacle; /* why the last one wasn't reached */
};

/* End it: the sandbox is told by RST, and the log why. */
void connection_refuse(struct connection *c, const char *reason);

/* admit.c: fd was accepted; dest, port and name of *c are set. */
void connection_admit(struct connection *c);
void connection_sniff(struct connection *c);

/* NULL, or why the policy does not allow what is known of it so far. */
const char *connection_refusal(const struct connection *c);

/* dial.c: reach one of addrs. Then connection_flow, or connection_refuse. */
void connection_dial(struct connection *c);
void connection_dialled(struct connection *c, uint32_t events);
void connection_dial_late(struct connection *c);

/* relay.c: the remote end is connected, bytes may move. */
void connection_flow(struct connection *c);

#endif
