/* SPDX-License-Identifier: MIT */
/* The appliance itself. */
#include <stdio.h>

#include "api.h"
#include "commands.h"
#include "table.h"
#include "upload.h"

static void add(struct table *t, const char *name, const struct json_value *v)
{
	table_text(t, name);
	table_value(t, v);
}

static void add_size(struct table *t, const char *name, const struct json_value *v)
{
	table_text(t, name);
	table_size(t, v);
}

static int info(struct ctl *c, const struct args *args)
{
	static const char *const keys[] = {"version", "kernel",   "hostname", "addresses",
					   "time",    "uptime_s", "cpus"};
	struct table t;
	(void)args;
	struct api *a = api_begin("GET", "api/system");
	int rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	table_init(&t, &a->arena, "FIELD VALUE");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		add(&t, keys[i], json_get(a->json, keys[i]));
	const struct json_value *memory = json_get(a->json, "memory");
	add_size(&t, "memory", json_get(memory, "total_bytes"));
	add_size(&t, "memory_free", json_get(memory, "available_bytes"));
	const struct json_value *disk = json_get(a->json, "disk");
	add(&t, "disk_persistent", json_get(disk, "persistent"));
	add_size(&t, "disk", json_get(disk, "total_bytes"));
	add_size(&t, "disk_free", json_get(disk, "free_bytes"));
	add(&t, "sandboxes", json_get(json_get(a->json, "sandboxes"), "count"));
	add(&t, "sandboxes_max", json_get(json_get(a->json, "sandboxes"), "max"));
	add(&t, "modules", json_get(json_get(a->json, "modules"), "count"));
	add(&t, "requests", json_get(json_get(a->json, "requests"), "under_way"));
	add(&t, "requests_denied", json_get(json_get(a->json, "requests"), "denied"));
	table_print(&t);
	return 0;
}

const struct command command_system = {
	.name = "system", .usage = "", .help = "as system info", .run = info};

const struct command command_system_info = {.name = "system info",
					    .usage = "",
					    .help = "version, addresses, memory, disk",
					    .run = info};

static int ask(struct ctl *c, const char *path)
{
	struct api *a = api_begin("POST", path);
	int rc = api_call(c, a);
	return rc != 0 || !c->json ? rc : api_print(a);
}

static int reboot_it(struct ctl *c, const struct args *args)
{
	(void)args;
	return ask(c, "api/system/reboot");
}

const struct command command_system_reboot = {
	.name = "system reboot", .usage = "", .help = "restart the machine", .run = reboot_it};

static int power_off(struct ctl *c, const struct args *args)
{
	(void)args;
	return ask(c, "api/system/poweroff");
}

const struct command command_system_poweroff = {
	.name = "system poweroff", .usage = "", .help = "switch it off", .run = power_off};

static int update(struct ctl *c, const struct args *args)
{
	struct upload u;
	int rc = upload_open(c, &u, args->words[0]);
	struct api *a = api_begin("POST", "api/system/update");
	if (rc == 0) {
		if (args_get(args, "downgrade"))
			target_ask(&a->target, "downgrade", "true");
		upload_into(&u, &a->call);
		rc = api_call(c, a);
	}
	upload_close(&u);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	return api_say(a->json, "version");
}

static const struct option update_options[] = {
	{"downgrade", 0, NULL, "an older version than the one that runs is fine"},
	{.name = NULL},
};

const struct command command_system_update = {
	.name = "system update",
	.usage = "[--downgrade] FILE",
	.help = "put a signed update in place for the next boot; prints its version",
	.options = update_options,
	.min_words = 1,
	.max_words = 1,
	.run = update,
};
