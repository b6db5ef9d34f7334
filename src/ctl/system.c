/* SPDX-License-Identifier: MIT */
/* The appliance itself. */
#include "api.h"
#include "runs.h"
#include "table.h"
#include "upload.h"

int command_system_info(struct ctl *c, const struct args *args)
{
	static const char fields[] =
		"version kernel hostname addresses time uptime_s cpus "
		"memory=bytes:memory.total_bytes memory_free=bytes:memory.available_bytes "
		"disk_persistent=disk.persistent "
		"disk=bytes:disk.total_bytes disk_free=bytes:disk.free_bytes "
		"sandboxes=sandboxes.count sandboxes_max=sandboxes.max modules=modules.count "
		"requests=requests.under_way requests_denied=requests.denied";
	struct table t;
	(void)args;
	struct api *a = api_begin("GET", "api/system");
	int rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_answer(c, a, NULL);
	table_init(&t, &a->arena, "FIELD VALUE");
	table_fields(&t, a->json, fields);
	table_print(&t);
	return 0;
}

int command_system_reboot(struct ctl *c, const struct args *args)
{
	(void)args;
	return api_finish(c, api_begin("POST", "api/system/reboot"), NULL);
}

int command_system_poweroff(struct ctl *c, const struct args *args)
{
	(void)args;
	return api_finish(c, api_begin("POST", "api/system/poweroff"), NULL);
}

int command_system_update(struct ctl *c, const struct args *args)
{
	struct upload u;
	int rc = upload_open(c, &u, args->words[0]);
	if (rc != 0)
		return rc;
	struct api *a = api_begin("POST", "api/system/update");
	if (args_get(args, "downgrade"))
		target_ask(&a->target, "downgrade", "true");
	return upload_call(c, &u, a, "version");
}
