/* SPDX-License-Identifier: MIT */
#include "judge.h"

#include <string.h>

bool errand_is_literal(const struct errand *e)
{
	return e->name < 0;
}

const char *judge_errand(const struct errand *e, const struct policy *p, const struct names *names)
{
	const char *reason = NULL;
	if (!errand_is_literal(e))
		reason = policy_refuses_name(p, names_text(names, e->name), e->port);
	else if (names_is_synthetic(&e->dest))
		reason = "unknown address"; /* of a name long forgotten, or never told */
	else
		reason = policy_refuses_addr(p, &e->dest, e->port);
	if (!reason && e->asked[0] != '\0')
		reason = policy_refuses_name(p, e->asked, e->port);
	return reason;
}

const char *judge_asked(struct errand *e, const struct asked *asked, const struct policy *p,
			const struct names *names)
{
	bool is_literal = errand_is_literal(e);
	e->asked[0] = '\0';
	switch (asked->kind) {
	case ASKED_NAME:
		memcpy(e->asked, asked->name, sizeof(e->asked));
		return judge_errand(e, p, names);
	case ASKED_ADDRESS:
		/* By the address that it dialled, if it dialled one. */
		return is_literal && addr_equal(&asked->addr, &e->dest) ? NULL : "name not allowed";
	case ASKED_NOTHING:
		break;
	}
	return is_literal ? NULL : "no server name";
}
