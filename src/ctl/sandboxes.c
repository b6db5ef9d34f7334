/* SPDX-License-Identifier: MIT */
/* Sandboxes: made, looked at, changed, removed. */
#include <stdio.h>
#include <string.h>

#include "lib/limits.h"
#include "listing.h"
#include "runs.h"

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
static void write_list(struct api *a, const char *argument, const char *text)
{
	api_check_text(a, argument, text, strlen(text));
	while (*text) {
		size_t len = strcspn(text, ",");
		if (len > 0)
			jsonw_text(&a->w, text, len);
		text += len;
		text += *text == ',';
	}
}

static void write_words(struct api *a, const char *key, const char *argument, const char **words,
			size_t count)
{
	struct jsonw *w = api_write(a);
	jsonw_key(w, key);
	jsonw_array_begin(w);
	for (size_t i = 0; i < count; i++)
		write_list(a, argument, words[i]);
	jsonw_array_end(w);
}

static void write_allowed(struct api *a, const struct args *args)
{
	struct jsonw *w = api_write(a);
	if (!args_get(args, "allow-net"))
		return;
	jsonw_key(w, "allow_net");
	jsonw_array_begin(w);
	for (size_t i = 0; i < args->given_count; i++)
		if (strcmp(args->given[i].option->name, "allow-net") == 0)
			write_list(a, "--allow-net", args->given[i].value);
	jsonw_array_end(w);
}

int command_create(struct ctl *c, const struct args *args)
{
	bool is_copy = args_get(args, "from") != NULL;
	if (is_copy == (args->word_count > 1))
		return ctl_fail(c, EXIT_USAGE, "create wants either layers or --from");
	struct api *a = api_begin("POST", "api/sandboxes");
	api_write_text(a, "id", "the sandbox's name", args->words[0]);
	if (!is_copy)
		write_words(a, "layers", "a layer's name", args->words + 1, args->word_count - 1);
	api_write_text(a, "from", "--from", args_get(args, "from"));
	api_write_text(a, "owner", "--owner", args_get(args, "owner"));
	api_write_text(a, "task", "--task", args_get(args, "task"));
	write_allowed(a, args);
	int rc = write_limits(c, args, api_write(a));
	return rc != 0 ? rc : api_finish(c, a, "id");
}

int command_ls(struct ctl *c, const struct args *args)
{
	static const struct listing sandboxes = {
		.heads = "ID OWNER CREATED >EXECS >WRITTEN >MEMORY_MB LAYERS",
		.cells = "id owner created exec_count bytes:upper_bytes memory_mb layers",
	};
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
	return args_get(args, "quiet") ? listing_show_names(c, a, "id")
				       : listing_show(c, a, &sandboxes);
}

int command_info(struct ctl *c, const struct args *args)
{
	static const char fields[] =
		"id owner task layers created last_active mounted exec_count cpu memory_mb disk_mb "
		"max_lifetime_s allow_net active_snapshot written=bytes:upper_bytes";
	struct table t;
	struct api *a = api_begin_sandbox("GET", args->words[0], "");
	int rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_answer(c, a, NULL);
	table_init(&t, &a->arena, "FIELD VALUE");
	table_fields(&t, a->json, fields);
	table_text(&t, "snapshots");
	const struct json_value *snapshots = json_get(a->json, "snapshots");
	table_printf(&t, "%zu", snapshots ? snapshots->count : 0);
	table_print(&t);
	return 0;
}

/* ID, or ID/SNAPSHOT. */
static int remove_one(struct ctl *c, const char *what)
{
	char id[LIMIT_ID_BYTES + 2];
	const char *slash = strchr(what, '/');
	snprintf(id, sizeof(id), "%.*s", slash ? (int)(slash - what) : (int)strlen(what), what);
	struct api *a = api_begin_sandbox("DELETE", id, slash ? "/snapshots" : "");
	if (slash)
		api_add_name(a, "snapshot", slash + 1);
	return api_call(c, a);
}

int command_rm(struct ctl *c, const struct args *args)
{
	int rc = 0;
	for (size_t i = 0; i < args->word_count && rc == 0; i++)
		rc = remove_one(c, args->words[i]);
	return rc;
}

int command_activate(struct ctl *c, const struct args *args)
{
	struct api *a = api_begin_sandbox("POST", args->words[0], "/activate");
	api_write_text(a, "module", "the module's name", args->words[1]);
	if (args_get(args, "force")) {
		jsonw_key(api_write(a), "force");
		jsonw_bool(api_write(a), true);
	}
	return api_finish(c, a, NULL);
}

int command_allow_net(struct ctl *c, const struct args *args)
{
	struct api *a = api_begin_sandbox("POST", args->words[0], "/allow_net");
	write_words(a, "allow_net", "a host", args->words + 1, args->word_count - 1);
	return api_finish(c, a, NULL);
}
