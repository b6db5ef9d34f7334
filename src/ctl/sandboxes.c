/* SPDX-License-Identifier: MIT */
/* Sandboxes: made, looked at, changed, removed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "commands.h"
#include "lib/limits.h"
#include "table.h"

/* Show what the sandbox is, when it was made or changed. */
static int print_id(struct ctl *c, const struct api *a, const char *id)
{
	if (c->json)
		return api_print(a);
	puts(id);
	return 0;
}

static int write_limits(struct ctl *c, const struct args *a, struct jsonw *w)
{
	static const struct {
		const char *option, *key;
		unsigned long long max;
	} numbers[] = {{"memory-mb", "memory_mb", LIMIT_MEMORY_MB_MAX},
		       {"disk-mb", "disk_mb", LIMIT_DISK_MB_MAX},
		       {"lifetime", "max_lifetime_s", LIMIT_LIFETIME_S}};
	unsigned long long value = 0;
	bool is_there;
	int rc = args_milli(c, a, "cpu", &value, &is_there);
	if (rc == 0 && is_there) {
		jsonw_key(w, "cpu");
		jsonw_milli(w, value);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && rc == 0; i++) {
		rc = args_number(c, a, numbers[i].option, numbers[i].max, &value, &is_there);
		if (rc == 0 && is_there) {
			jsonw_key(w, numbers[i].key);
			jsonw_uint(w, value);
		}
	}
	return rc;
}

/* The words as an array; each may be several, with commas between. */
static void write_list(struct jsonw *w, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, ",");
		if (len > 0)
			jsonw_text(w, text, len);
		text += len;
		text += *text == ',';
	}
}

static void write_words(struct jsonw *w, const char *key, const char **words, size_t count)
{
	jsonw_key(w, key);
	jsonw_array_begin(w);
	for (size_t i = 0; i < count; i++)
		write_list(w, words[i]);
	jsonw_array_end(w);
}

static void write_allowed(struct jsonw *w, const struct args *a)
{
	if (!args_get(a, "allow-net"))
		return;
	jsonw_key(w, "allow_net");
	jsonw_array_begin(w);
	for (size_t i = 0; i < a->given_count; i++)
		if (strcmp(a->given[i].option->name, "allow-net") == 0)
			write_list(w, a->given[i].value);
	jsonw_array_end(w);
}

static void write_text(struct jsonw *w, const struct args *a, const char *name)
{
	if (!args_get(a, name))
		return;
	jsonw_key(w, name);
	jsonw_string(w, args_get(a, name));
}

static int create(struct ctl *c, const struct args *args)
{
	bool is_copy = args_get(args, "from") != NULL;
	if (is_copy == (args->word_count > 1))
		return ctl_fail(c, EXIT_USAGE, "create wants either layers or --from");
	struct api *a = api_begin("POST", "api/sandboxes");
	struct jsonw *w = api_write(a);
	jsonw_key(w, "id");
	jsonw_string(w, args->words[0]);
	if (!is_copy)
		write_words(w, "layers", args->words + 1, args->word_count - 1);
	write_text(w, args, "from");
	write_text(w, args, "owner");
	write_text(w, args, "task");
	write_allowed(w, args);
	int rc = write_limits(c, args, w);
	if (rc == 0)
		rc = api_call(c, a);
	return rc != 0 ? rc : print_id(c, a, args->words[0]);
}

static const struct option create_options[] = {
	{"from", 0, "SANDBOX/SNAPSHOT", "in place of layers: where that snapshot stands"},
	{"owner", 0, "TEXT", "a label"},
	{"task", 0, "TEXT", "another"},
	{"cpu", 0, "CORES", "2 without it"},
	{"memory-mb", 0, "N", "1024 without it"},
	{"disk-mb", 0, "N", "what it may write, 512 without it"},
	{"lifetime", 0, "SECONDS", "then it is removed"},
	{"allow-net", 0, "HOST[,HOST]...", "what it may reach; may be given more than once"},
	{.name = NULL},
};

const struct command command_create = {
	.name = "create",
	.usage = "ID LAYER... | ID --from SANDBOX/SNAPSHOT",
	.help = "make a sandbox of modules, or from a snapshot",
	.options = create_options,
	.min_words = 1,
	.max_words = 1 + LIMIT_LAYERS,
	.run = create,
};

static void add_sandbox(struct table *t, const struct json_value *s)
{
	table_value(t, json_get(s, "id"));
	table_value(t, json_get(s, "owner"));
	table_value(t, json_get(s, "created"));
	table_value(t, json_get(s, "exec_count"));
	table_size(t, json_get(s, "upper_bytes"));
	table_value(t, json_get(s, "memory_mb"));
	table_value(t, json_get(s, "layers"));
}

static int list(struct ctl *c, const struct args *args)
{
	struct table t;
	const char *path = args->word_count ? strchr(args->words[0], ':') : NULL;
	if (path) {
		char id[LIMIT_ID_BYTES + 2];
		snprintf(id, sizeof(id), "%.*s", (int)(path - args->words[0]), args->words[0]);
		return files_list(c, id, path + 1);
	}
	if (args->word_count)
		return ctl_fail(c, EXIT_USAGE, "ls takes ID:/PATH; of a sandbox, squashctl info %s",
				args->words[0]);
	struct api *a = api_begin("GET", "api/sandboxes");
	int rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	if (args_get(args, "quiet"))
		return api_say_names(a, "id");
	table_init(&t, &a->arena, "ID OWNER CREATED >EXECS >WRITTEN >MEMORY_MB LAYERS");
	for (const struct json_value *s = api_first(a); s; s = s->next)
		add_sandbox(&t, s);
	table_print(&t);
	return 0;
}

static const struct option list_options[] = {
	{"quiet", 'q', NULL, "ids alone"},
	{.name = NULL},
};

const struct command command_ls = {
	.name = "ls",
	.usage = "[-q] [ID:/PATH]",
	.help = "list sandboxes, or a directory in one",
	.options = list_options,
	.max_words = 1,
	.run = list,
};

static int info(struct ctl *c, const struct args *args)
{
	static const char *const keys[] = {
		"id",        "owner",          "task", "layers",    "created", "last_active",
		"mounted",   "exec_count",     "cpu",  "memory_mb", "disk_mb", "max_lifetime_s",
		"allow_net", "active_snapshot"};
	struct api *a;
	struct table t;
	int rc = api_begin_sandbox(c, &a, "GET", args->words[0], "");
	if (rc == 0)
		rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	table_init(&t, &a->arena, "FIELD VALUE");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		table_text(&t, keys[i]);
		table_value(&t, json_get(a->json, keys[i]));
	}
	table_text(&t, "written");
	table_size(&t, json_get(a->json, "upper_bytes"));
	table_text(&t, "snapshots");
	const struct json_value *snapshots = json_get(a->json, "snapshots");
	table_printf(&t, "%zu", snapshots ? snapshots->count : 0);
	table_print(&t);
	return 0;
}

const struct command command_info = {
	.name = "info",
	.usage = "ID",
	.help = "all about a sandbox",
	.min_words = 1,
	.max_words = 1,
	.run = info,
};

/* ID, or ID/SNAPSHOT. */
static int remove_one(struct ctl *c, const char *what)
{
	char id[LIMIT_ID_BYTES + 2];
	const char *slash = strchr(what, '/');
	struct api *a;
	snprintf(id, sizeof(id), "%.*s", slash ? (int)(slash - what) : (int)strlen(what), what);
	int rc = slash ? api_check_name(c, "snapshot", slash + 1) : 0;
	if (rc == 0)
		rc = api_begin_sandbox(c, &a, "DELETE", id, slash ? "/snapshots" : "");
	if (rc != 0)
		return rc;
	if (slash)
		target_add(&a->target, slash + 1);
	return api_call(c, a);
}

static int remove_all(struct ctl *c, const struct args *args)
{
	int rc = 0;
	for (size_t i = 0; i < args->word_count && rc == 0; i++)
		rc = remove_one(c, args->words[i]);
	return rc;
}

const struct command command_rm = {
	.name = "rm",
	.usage = "ID... | ID/SNAPSHOT...",
	.help = "end and remove sandboxes, or drop snapshots",
	.min_words = 1,
	.max_words = SIZE_MAX,
	.run = remove_all,
};

static int activate(struct ctl *c, const struct args *args)
{
	struct api *a;
	int rc = api_begin_sandbox(c, &a, "POST", args->words[0], "/activate");
	if (rc != 0)
		return rc;
	struct jsonw *w = api_write(a);
	jsonw_key(w, "module");
	jsonw_string(w, args->words[1]);
	if (args_get(args, "force")) {
		jsonw_key(w, "force");
		jsonw_bool(w, true);
	}
	rc = api_call(c, a);
	return rc != 0 || !c->json ? rc : api_print(a);
}

static const struct option activate_options[] = {
	{"force", 'f', NULL, "end the processes that are alive in it first"},
	{.name = NULL},
};

const struct command command_activate = {
	.name = "activate",
	.usage = "[-f] ID MODULE",
	.help = "add a module to a sandbox's layers",
	.options = activate_options,
	.min_words = 2,
	.max_words = 2,
	.run = activate,
};

static int allow_net(struct ctl *c, const struct args *args)
{
	struct api *a;
	int rc = api_begin_sandbox(c, &a, "POST", args->words[0], "/allow_net");
	if (rc != 0)
		return rc;
	write_words(api_write(a), "allow_net", args->words + 1, args->word_count - 1);
	rc = api_call(c, a);
	return rc != 0 || !c->json ? rc : api_print(a);
}

const struct command command_allow_net = {
	.name = "allow-net",
	.usage = "ID HOST...",
	.help = "what a sandbox may reach, in place of what it could (none: nothing)",
	.min_words = 2,
	.max_words = 1 + LIMIT_ALLOW_NET,
	.run = allow_net,
};
