/* SPDX-License-Identifier: MIT */
/* The appliance's named tokens. */
#include <stdio.h>

#include "api.h"
#include "commands.h"
#include "table.h"

static int list(struct ctl *c, const struct args *args)
{
	struct table t;
	(void)args;
	struct api *a = api_begin("GET", "api/tokens");
	int rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	table_init(&t, &a->arena, "NAME RIGHT");
	for (const struct json_value *token = api_first(a); token; token = token->next) {
		table_value(&t, json_get(token, "name"));
		table_value(&t, json_get(token, "right"));
	}
	table_print(&t);
	return 0;
}

const struct command command_tokens = {
	.name = "tokens", .usage = "", .help = "as tokens ls", .run = list};

const struct command command_tokens_ls = {
	.name = "tokens ls", .usage = "", .help = "list the named tokens", .run = list};

static int add(struct ctl *c, const struct args *args)
{
	struct api *a = api_begin("POST", "api/tokens");
	struct jsonw *w = api_write(a);
	jsonw_key(w, "name");
	jsonw_string(w, args->words[0]);
	jsonw_key(w, "right");
	jsonw_string(w, args->words[1]);
	int rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	return api_say(a->json, "token");
}

const struct command command_tokens_add = {
	.name = "tokens add",
	.usage = "NAME read|run|admin",
	.help = "make one; it is printed this once",
	.min_words = 2,
	.max_words = 2,
	.run = add,
};

static int drop(struct ctl *c, const struct args *args)
{
	int rc = api_check_name(c, "token", args->words[0]);
	if (rc != 0)
		return rc;
	struct api *a = api_begin("DELETE", "api/tokens");
	target_add(&a->target, args->words[0]);
	return api_call(c, a);
}

const struct command command_tokens_rm = {
	.name = "tokens rm",
	.usage = "NAME",
	.help = "take one back",
	.min_words = 1,
	.max_words = 1,
	.run = drop,
};
