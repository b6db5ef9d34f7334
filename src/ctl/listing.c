/* SPDX-License-Identifier: MIT */
#include "listing.h"

#include <stdio.h>

static const struct json_value *first_row(const struct api *a, const char *member)
{
	const struct json_value *rows = member ? json_get(a->json, member) : a->json;
	return rows && rows->type == JSON_ARRAY ? rows->first : NULL;
}

int listing_show(struct ctl *c, struct api *a, const struct listing *l)
{
	struct table t;
	int rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_answer(c, a, NULL);
	table_init(&t, &a->arena, l->heads);
	for (const struct json_value *row = first_row(a, l->member); row; row = row->next)
		if (l->add)
			l->add(&t, row);
		else
			table_cells(&t, row, l->cells);
	table_print(&t);
	return 0;
}

int listing_show_names(struct ctl *c, struct api *a, const char *key)
{
	int rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_answer(c, a, NULL);
	/* A shell may see them, in completion: what is none is left out. */
	for (const struct json_value *v = first_row(a, NULL); v; v = v->next)
		if (target_is_name(api_text(v, key)))
			puts(api_text(v, key));
	return 0;
}
