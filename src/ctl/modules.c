/* SPDX-License-Identifier: MIT */
/* Modules: listed, pushed, pulled, made of sandboxes, removed. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "commands.h"
#include "download.h"
#include "limits.h"
#include "remote.h"
#include "table.h"
#include "upload.h"

#define SUFFIX ".squashfs"

static int list(struct ctl *c, const struct args *args)
{
	struct table t;
	struct api *a = api_begin("GET", "api/modules");
	int rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	if (args_get(args, "quiet"))
		return api_say_names(a, "name");
	table_init(&t, &a->arena, "NAME VERSION >SIZE >SANDBOXES BUILTIN");
	for (const struct json_value *m = api_first(a); m; m = m->next) {
		table_value(&t, json_get(m, "name"));
		table_value(&t, json_get(m, "version"));
		table_size(&t, json_get(m, "size"));
		table_value(&t, json_get(m, "sandboxes"));
		table_value(&t, json_get(m, "builtin"));
	}
	table_print(&t);
	return 0;
}

static const struct option list_options[] = {
	{"quiet", 'q', NULL, "names alone"},
	{.name = NULL},
};

const struct command command_modules = {
	.name = "modules",
	.usage = "[-q]",
	.help = "as modules ls",
	.options = list_options,
	.run = list,
};

const struct command command_modules_ls = {
	.name = "modules ls",
	.usage = "[-q]",
	.help = "list the appliance's modules",
	.options = list_options,
	.run = list,
};

static int push(struct ctl *c, const struct args *args)
{
	struct upload u;
	char name[NAME_MAX + 1], sha256[TOKEN_DIGEST_TEXT_BYTES];
	remote_base(args->words[args->word_count - 1], name, sizeof(name));
	size_t len = strlen(name), end = sizeof(SUFFIX) - 1;
	if (args->word_count == 1 && len > end && strcmp(name + len - end, SUFFIX) == 0)
		name[len - end] = '\0';
	int rc = upload_open(c, &u, args->words[0]);
	if (rc == 0)
		rc = upload_hash(c, &u, sha256);
	struct api *a = api_begin("POST", "api/modules");
	if (rc == 0) {
		target_ask(&a->target, "name", name);
		target_ask(&a->target, "sha256", sha256);
		upload_into(&u, &a->call);
		rc = api_call(c, a);
	}
	upload_close(&u);
	if (rc == 0 && !c->json)
		puts(name);
	return rc != 0 || !c->json ? rc : api_print(a);
}

const struct command command_modules_push = {
	.name = "modules push",
	.usage = "FILE [NAME]",
	.help = "upload a module; its name is the file's, without .squashfs",
	.min_words = 1,
	.max_words = 2,
	.run = push,
};

static int pull(struct ctl *c, const struct args *args)
{
	static struct download d;
	char file[LIMIT_MODULE_BYTES + sizeof(SUFFIX)];
	const char *name = args->words[0];
	int rc = api_check_name(c, "module", name);
	if (rc != 0)
		return rc;
	snprintf(file, sizeof(file), "%.*s" SUFFIX, LIMIT_MODULE_BYTES, name);
	struct api *a = api_begin("GET", "api/modules");
	target_add(&a->target, name);
	rc = download_open(c, &d, args->word_count > 1 ? args->words[1] : file, file);
	return rc != 0 ? rc : download_call(c, &d, a, true);
}

const struct command command_modules_pull = {
	.name = "modules pull",
	.usage = "NAME [FILE|-]",
	.help = "download a module, into NAME.squashfs or FILE",
	.min_words = 1,
	.max_words = 2,
	.run = pull,
};

static int freeze(struct ctl *c, const struct args *args)
{
	struct api *a;
	const char *version = args_get(args, "version");
	int rc = api_begin_sandbox(c, &a, "POST", args->words[0], "/modules");
	if (rc != 0)
		return rc;
	target_ask(&a->target, "name", args->words[1]);
	if (version)
		target_ask(&a->target, "version", version);
	a->call.timeout_ms = CTL_LONG_REPLY_MS;
	rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	return api_say(a->json, "name");
}

static const struct option freeze_options[] = {
	{"version", 0, "TEXT", "the module's version; 1 without it"},
	{.name = NULL},
};

const struct command command_modules_freeze = {
	.name = "modules freeze",
	.usage = "[--version TEXT] ID NAME",
	.help = "make a module of what a sandbox has written",
	.options = freeze_options,
	.min_words = 2,
	.max_words = 2,
	.run = freeze,
};

static int drop(struct ctl *c, const struct args *args)
{
	int rc = api_check_name(c, "module", args->words[0]);
	if (rc != 0)
		return rc;
	struct api *a = api_begin("DELETE", "api/modules");
	target_add(&a->target, args->words[0]);
	return api_call(c, a);
}

const struct command command_modules_rm = {
	.name = "modules rm",
	.usage = "NAME",
	.help = "delete a module that nothing stands on",
	.min_words = 1,
	.max_words = 1,
	.run = drop,
};
