/* SPDX-License-Identifier: MIT */
/* Snapshots: taken, gone back to, listed. rm drops them. */
#include <stdio.h>

#include "api.h"
#include "commands.h"
#include "table.h"

static int snapshot(struct ctl *c, const struct args *args)
{
	struct api *a;
	int rc = api_begin_sandbox(c, &a, "POST", args->words[0], "/snapshot");
	if (rc != 0)
		return rc;
	if (args_get(args, "label")) {
		struct jsonw *w = api_write(a);
		jsonw_key(w, "label");
		jsonw_string(w, args_get(args, "label"));
	}
	a->call.timeout_ms = CTL_LONG_REPLY_MS;
	rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	return api_say(a->json, "snapshot");
}

static const struct option snapshot_options[] = {
	{"label", 'l', "TEXT", "what it is"},
	{.name = NULL},
};

const struct command command_snapshot = {
	.name = "snapshot",
	.usage = "[-l TEXT] ID",
	.help = "keep what a sandbox has written as a layer; prints its name",
	.options = snapshot_options,
	.min_words = 1,
	.max_words = 1,
	.run = snapshot,
};

static int restore(struct ctl *c, const struct args *args)
{
	struct api *a;
	int rc = api_begin_sandbox(c, &a, "POST", args->words[0], "/restore");
	if (rc != 0)
		return rc;
	struct jsonw *w = api_write(a);
	jsonw_key(w, "snapshot");
	jsonw_string(w, args->words[1]);
	rc = api_call(c, a);
	return rc != 0 || !c->json ? rc : api_print(a);
}

const struct command command_restore = {
	.name = "restore",
	.usage = "ID SNAPSHOT",
	.help = "go back to a snapshot: what was written since is dropped",
	.min_words = 2,
	.max_words = 2,
	.run = restore,
};

static int list(struct ctl *c, const struct args *args)
{
	struct api *a;
	struct table t;
	int rc = api_begin_sandbox(c, &a, "GET", args->words[0], "");
	if (rc == 0)
		rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	table_init(&t, &a->arena, "NAME >SIZE CREATED LAYERS LABEL");
	const struct json_value *all = json_get(a->json, "snapshots");
	for (const struct json_value *s = all ? all->first : NULL; s; s = s->next) {
		table_value(&t, json_get(s, "name"));
		table_size(&t, json_get(s, "size"));
		table_value(&t, json_get(s, "created"));
		table_value(&t, json_get(s, "layers"));
		table_value(&t, json_get(s, "label"));
	}
	table_print(&t);
	return 0;
}

const struct command command_snapshots = {
	.name = "snapshots",
	.usage = "ID",
	.help = "list a sandbox's snapshots",
	.min_words = 1,
	.max_words = 1,
	.run = list,
};
