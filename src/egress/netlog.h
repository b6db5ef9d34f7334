/* SPDX-License-Identifier: MIT */
/* The network log: a line of JSON for each lookup, connection and refusal. Each kind has two files
 * of its own that take turns, so that none pushes out another, and what is written of it is bounded
 * by time: a sandbox that floods its log can't push out what it did before within minutes. Under a
 * flood what repeats becomes one line, and of the rest the log says how much is missing. */
#ifndef SQUASH_EGRESS_NETLOG_H
#define SQUASH_EGRESS_NETLOG_H

#include <stdint.h>

#include "lib/addr.h"
#include "lib/allow.h"
#include "limits.h"
#include "traffic.h"

/* The files of a kind. */
struct netlog_files {
	int fds[2];       /* borrowed; [0] is written to, the other one is older */
	uint64_t size;    /* bytes of the first */
	uint64_t told[2]; /* how much each tells of: lines, and what was added to them */
	uint64_t turn;    /* counts the turns */
	uint64_t lost;    /* how much was pushed out, or not written */
	uint64_t lost_at; /* where the first file says so; or NETLOG_NOWHERE */
	uint64_t lost_number;
	uint64_t budget; /* bytes that may be written */
	uint64_t budget_ms;
};

/* A line that may be written again, for what is the same. */
struct netlog_repeat {
	char text[EGRESS_LINE_BYTES]; /* what makes it the same */
	size_t text_len;              /* 0: none */
	struct netlog_files *files;
	uint64_t turn, at; /* where it is */
	size_t len;        /* bytes that it has, spaces at its end included */
	uint64_t number, wall_ms, since_ms;
	uint64_t sent, received, duration_ms; /* all together */
	uint32_t count;                       /* of the same since then */
};

struct netlog {
	struct netlog_files files[EGRESS_LOGS];
	uint64_t number;         /* of the last line */
	struct traffic *traffic; /* borrowed, set by the caller: where refusals are counted */
	struct netlog_repeat repeats[EGRESS_REPEATS];
};

/* Go on where the files end that EGRESS_LOG_FD and those after it are open on. Any may be empty. */
void netlog_init(struct netlog *l);

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

/* It was refused. The same again within a second is counted in its line. */
void netlog_refuse(struct netlog *l, const struct netlog_connection *c, const char *reason);

#endif
