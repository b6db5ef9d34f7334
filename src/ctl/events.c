/* SPDX-License-Identifier: MIT */
/* What has happened: a sandbox's commands and connections, and the history of all. */
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "commands.h"
#include "table.h"

static void add_who(struct table *t, const struct json_value *e)
{
	const struct json_value *token = json_get(e, "token");
	table_value(t, token && token->type == JSON_STRING ? token : json_get(e, "client"));
}

static void add_command(struct table *t, const struct json_value *e)
{
	table_value(t, json_get(e, "seq"));
	table_value(t, json_get(e, "started"));
	table_value(t, json_get(e, "duration_ms"));
	table_value(t, json_get(e, "exit_code"));
	add_who(t, e);
	table_value(t, json_get(e, "cmd"));
}

static int logs(struct ctl *c, const struct args *args)
{
	struct api *a;
	struct table t;
	int rc = api_begin_sandbox(c, &a, "GET", args->words[0], "/logs");
	if (rc == 0)
		rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	table_init(&t, &a->arena, ">N STARTED >MS >EXIT BY COMMAND");
	for (const struct json_value *e = api_first(a); e; e = e->next)
		add_command(&t, e);
	table_print(&t);
	return 0;
}

const struct command command_logs = {
	.name = "logs",
	.usage = "ID",
	.help = "the commands of a sandbox",
	.min_words = 1,
	.max_words = 1,
	.run = logs,
};

/* What an event is about: the first of these that it has. */
static const struct json_value *subject(const struct json_value *e)
{
	static const char *const keys[] = {"cmd",    "module", "snapshot", "allow_net",
					   "reason", "name",   "owner"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_get(e, keys[i]))
			return json_get(e, keys[i]);
	return NULL;
}

static void add_event(struct table *t, const struct json_value *e)
{
	const struct json_value *at = json_get(e, "at");
	table_value(t, at ? at : json_get(e, "ended"));
	table_value(t, json_get(e, "event"));
	table_value(t, json_get(e, "id"));
	table_value(t, json_get(e, "exit_code"));
	add_who(t, e);
	table_value(t, subject(e));
}

static int history(struct ctl *c, const struct args *args)
{
	struct table t;
	(void)args;
	struct api *a = api_begin("GET", "api/history");
	int rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	table_init(&t, &a->arena, "TIME EVENT ID >EXIT BY WHAT");
	for (const struct json_value *e = api_first(a); e; e = e->next)
		add_event(&t, e);
	table_print(&t);
	return 0;
}

const struct command command_history = {
	.name = "history",
	.usage = "",
	.help = "what happened in all sandboxes, newest first",
	.run = history,
};

static void add_contact(struct table *t, const struct json_value *e)
{
	const struct json_value *event = json_get(e, "event");
	bool is_lookup = event && event->type == JSON_STRING && strcmp(event->text, "lookup") == 0;
	const struct json_value *reason = json_get(e, "reason");
	bool has_reason = reason && reason->text_len > 0;
	table_value(t, json_get(e, "time"));
	table_value(t, event);
	table_value(t, json_get(e, "name"));
	table_value(t, json_get(e, "address"));
	table_value(t, json_get(e, is_lookup ? "type" : "port"));
	table_size(t, json_get(e, "sent"));
	table_size(t, json_get(e, "received"));
	table_value(t, has_reason ? reason : json_get(e, is_lookup ? "answer" : "end"));
}

static int network(struct ctl *c, const struct args *args)
{
	struct api *a;
	struct table t;
	int rc = api_begin_sandbox(c, &a, "GET", args->words[0], "/network");
	if (rc == 0)
		rc = api_call(c, a);
	if (rc != 0 || c->json)
		return rc != 0 ? rc : api_print(a);
	table_init(&t, &a->arena, "TIME EVENT NAME ADDRESS PORT >SENT >RECEIVED RESULT");
	const struct json_value *all = json_get(a->json, "network");
	for (const struct json_value *e = all ? all->first : NULL; e; e = e->next)
		add_contact(&t, e);
	table_print(&t);
	return 0;
}

const struct command command_network = {
	.name = "network",
	.usage = "ID",
	.help = "what a sandbox has reached, and what it was refused",
	.min_words = 1,
	.max_words = 1,
	.run = network,
};
