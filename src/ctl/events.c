/* SPDX-License-Identifier: MIT */
/* What has happened: a sandbox's commands and connections, and the history of all. */
#include <string.h>

#include "listing.h"
#include "runs.h"

int command_logs(struct ctl *c, const struct args *args)
{
	static const struct listing commands_run = {
		.heads = ">N STARTED >MS >EXIT BY COMMAND",
		.cells = "seq started duration_ms exit_code token|client cmd",
	};
	return listing_show(c, api_begin_sandbox("GET", args->words[0], "/logs"), &commands_run);
}

int command_history(struct ctl *c, const struct args *args)
{
	static const struct listing events = {
		.heads = "TIME EVENT ID >EXIT BY WHAT",
		.cells = "at|ended event id exit_code token|client "
			 "cmd|module|snapshot|allow_net|reason|name|owner",
	};
	(void)args;
	return listing_show(c, api_begin("GET", "api/history"), &events);
}

static bool has_event(const struct json_value *e, const char *name)
{
	const struct json_value *event = json_get(e, "event");
	return event && event->type == JSON_STRING && strcmp(event->text, name) == 0;
}

static void add_contact(struct table *t, const struct json_value *e)
{
	bool is_lookup = has_event(e, "lookup");
	const struct json_value *reason = json_get(e, "reason");
	bool has_reason = reason && reason->text_len > 0;
	table_cells(t, e, "time event name asked address");
	table_cells(t, e, is_lookup ? "type" : "port");
	table_cells(t, e, "bytes:sent bytes:received");
	if (has_event(e, "lost")) {
		table_printf(t, "%s %s", api_text(e, "count"), api_text(e, "of"));
		return;
	}
	table_cells(t, e, has_reason ? "reason" : is_lookup ? "answer" : "end");
}

int command_network(struct ctl *c, const struct args *args)
{
	static const struct listing contacts = {
		.heads = "TIME EVENT NAME ASKED ADDRESS PORT >SENT >RECEIVED RESULT",
		.add = add_contact,
		.member = "network",
	};
	return listing_show(c, api_begin_sandbox("GET", args->words[0], "/network"), &contacts);
}
