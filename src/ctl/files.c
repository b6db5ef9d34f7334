/* SPDX-License-Identifier: MIT */
/* ls of a directory in a sandbox. */
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "commands.h"
#include "table.h"

static void add_file(struct table *t, const struct json_value *f)
{
	const struct json_value *name = json_get(f, "name"), *target = json_get(f, "target");
	bool is_link = target && target->type == JSON_STRING;
	table_value(t, json_get(f, "type"));
	table_value(t, json_get(f, "mode"));
	table_value(t, json_get(f, "uid"));
	table_value(t, json_get(f, "gid"));
	table_value(t, json_get(f, "size"));
	table_value(t, json_get(f, "mtime"));
	if (is_link && name)
		table_printf(t, "%s -> %s", name->text, target->text);
	else
		table_value(t, name);
}

int files_list(struct ctl *c, const char *id, const char *path)
{
	struct api *a;
	struct table t;
	int rc = api_begin_sandbox(c, &a, "GET", id, "/list");
	if (rc != 0)
		return rc;
	target_ask(&a->target, "path", path);
	rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	table_init(&t, &a->arena, "TYPE MODE >UID >GID >SIZE TIME NAME");
	for (const struct json_value *f = api_first(a); f; f = f->next)
		add_file(&t, f);
	table_print(&t);
	return 0;
}
