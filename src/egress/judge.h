/* SPDX-License-Identifier: MIT */
/* Whether the policy allows what a connection is for. At the web's ports a connection must say by
 * which name: an address that an allowed name shares with others doesn't allow those. */
#ifndef SQUASH_EGRESS_JUDGE_H
#define SQUASH_EGRESS_JUDGE_H

#include "inspect_verdict.h"
#include "names.h"
#include "policy.h"

struct errand {
	/* What the sandbox dialled. */
	struct addr dest;
	uint16_t port;
	int name; /* that dest stands for, held (names.h); -1: none, dest is meant as it is */

	/* The name that it has asked for last, by TLS or HTTP; empty: none. */
	char asked[ALLOW_NAME_BYTES + 1];
};

/* Returns whether the sandbox dialled an address that stands for no name. */
bool errand_is_literal(const struct errand *e);

/* Returns NULL, or why the policy doesn't allow what is known of the errand: a word for the log,
 * static. */
const char *judge_errand(const struct errand *e, const struct policy *p, const struct names *names);

/* The sandbox asks for something on the connection, which e->asked then has. Returns as
 * judge_errand. */
const char *judge_asked(struct errand *e, const struct asked *asked, const struct policy *p,
			const struct names *names);

#endif
