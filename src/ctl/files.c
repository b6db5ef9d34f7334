/* SPDX-License-Identifier: MIT */
/* ls of a directory in a sandbox. */
#include "listing.h"
#include "runs.h"

static void add_file(struct table *t, const struct json_value *f)
{
	const struct json_value *name = json_get(f, "name"), *target = json_get(f, "target");
	bool is_link = target && target->type == JSON_STRING;
	table_cells(t, f, "type mode uid gid size mtime");
	if (is_link && name)
		table_printf(t, "%s -> %s", name->text, target->text);
	else
		table_value(t, name);
}

int files_list(struct ctl *c, const char *id, const char *path)
{
	static const struct listing files = {
		.heads = "TYPE MODE >UID >GID >SIZE TIME NAME",
		.add = add_file,
	};
	struct api *a = api_begin_sandbox("GET", id, "/list");
	target_ask(&a->target, "path", path);
	return listing_show(c, a, &files);
}
