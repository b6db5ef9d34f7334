/* SPDX-License-Identifier: MIT */
#include "judge.h"

#include <string.h>

bool errand_is_literal(const struct errand *e)
{
	return e->name < 0;
}

/* Returns why the policy doesn't allow all that was asked for. */
static const char *refuse_asked(struct errand *e, const struct policy *p)
{
	for (size_t i = 0; i < e->asked_count; i++) {
		const char *reason = policy_refuses_name(p, e->asked[i], e->port);
		if (reason) {
			e->told = e->asked[i];
			return reason;
		}
	}
	return e->has_forgotten ? "name not allowed" : NULL;
}

static void remember(struct errand *e, const char *name)
{
	size_t i = 0;
	while (i < e->asked_count && strcmp(e->asked[i], name) != 0)
		i++;
	if (i == EGRESS_ASKED) {
		e->has_forgotten = true;
		i--;
	} else if (i == e->asked_count) {
		e->asked_count++;
	}
	memcpy(e->asked[i], name, strlen(name) + 1);
	e->told = e->asked[i];
}

const char *judge_errand(struct errand *e, const struct policy *p, const struct names *names)
{
	const char *reason = NULL;
	if (!errand_is_literal(e))
		reason = policy_refuses_name(p, names_text(names, e->name), e->port);
	else if (names_is_synthetic(&e->dest))
		reason = "unknown address"; /* of a name long forgotten, or never told */
	else
		reason = policy_refuses_addr(p, &e->dest, e->port);
	return reason ? reason : refuse_asked(e, p);
}

const char *judge_asked(struct errand *e, const struct asked *asked, const struct policy *p)
{
	bool is_literal = errand_is_literal(e);
	e->told = NULL;
	switch (asked->kind) {
	case ASKED_NAME:
		remember(e, asked->name);
		return policy_refuses_name(p, e->told, e->port);
	case ASKED_ADDRESS:
		/* By the address that it dialled, if it dialled one. */
		return is_literal && addr_equal(&asked->addr, &e->dest) ? NULL : "name not allowed";
	case ASKED_NOTHING:
		break;
	}
	return is_literal ? NULL : "no server name";
}
