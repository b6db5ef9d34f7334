/* SPDX-License-Identifier: MIT */
/* Whether the policy allows what a connection is for. At the web's ports a connection must say by
 * which name: an address that an allowed name shares with others doesn't allow those. */
#ifndef SQUASH_EGRESS_JUDGE_H
#define SQUASH_EGRESS_JUDGE_H

#include "inspect_verdict.h"
#include "limits.h"
#include "names.h"
#include "policy.h"

struct errand {
	/* What the sandbox dialled. */
	struct addr dest;
	uint16_t port;
	int name; /* that dest stands for, held (names.h); -1: none, dest is meant as it is */

	/* The names that it has asked for by TLS or HTTP, each once. Answers aren't followed: any
	 * of them may still be on its way. A name that finds no room takes the last one's place. */
	char asked[EGRESS_ASKED][ALLOW_NAME_BYTES + 1];
	size_t asked_count;
	bool has_forgotten; /* a name that it asked for */
	const char *told;   /* of them, for the log; NULL: none */
};

/* Returns whether the sandbox dialled an address that stands for no name. */
bool errand_is_literal(const struct errand *e);

/* Returns NULL, or why the policy doesn't allow what is known of the errand: a word for the log,
 * static. If it is a name that was asked for, e->told is that one. */
const char *judge_errand(struct errand *e, const struct policy *p, const struct names *names);

/* The sandbox asks for something on the connection: the errand has it, and e->told is its name.
 * Returns as judge_errand. */
const char *judge_asked(struct errand *e, const struct asked *asked, const struct policy *p);

#endif
