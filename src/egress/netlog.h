/* SPDX-License-Identifier: MIT */
/* The network log: a line of JSON for each lookup, connection and refusal, in two files that take
 * turns, so that the last 512 KiB at least are there. */
#ifndef SQUASH_EGRESS_NETLOG_H
#define SQUASH_EGRESS_NETLOG_H

#include <stdint.h>

#include "lib/addr.h"
#include "lib/allow.h"
#include "limits.h"
#include "traffic.h"

struct netlog_repeat {
	uint64_t what;     /* a hash of the refusal; 0: none */
	uint64_t since_ms; /* when it was last written */
	uint32_t count;    /* of the same since then */
};

struct netlog {
	int fds[2]; /* borrowed; [0] is written to, the other one is older */
	uint64_t size;
	struct traffic *traffic; /* borrowed, set by the caller: where refusals are counted */
	struct netlog_repeat repeats[EGRESS_REPEATS];
};

/* Go on where the files end. Either may be empty. */
void netlog_init(struct netlog *l, int fd, int other_fd);

/* A question was answered. answer: "ok", "nxdomain", "denied" or "failed"; reason may be NULL. */
void netlog_lookup(struct netlog *l, const char *name, uint16_t type, const char *answer,
		   const char *reason);

/* A connection, or what should have become one. */
struct netlog_connection {
	const char *name;     /* NULL: it was dialled as an address */
	const char *asked;    /* the name that its first bytes asked for; NULL: none, or the same */
	const struct addr *a; /* NULL: it didn't come to that */
	uint16_t port;
	uint64_t sent, received; /* bytes, as the sandbox sees it */
	uint64_t duration_ms;
};

/* It has ended; end is how. */
void netlog_connect(struct netlog *l, const struct netlog_connection *c, const char *end);

/* It was refused. The same again within a second is counted: the next line of it, if there is one,
 * says how many were left out ("repeated"). */
void netlog_refuse(struct netlog *l, const struct netlog_connection *c, const char *reason);

#endif
