/* SPDX-License-Identifier: MIT */
/* One route table; the first match wins. */
#include "routes.h"

#include <stdbool.h>
#include <string.h>

static const struct {
	const char *method;
	const char *pattern; /* ":id" and ":name" stand for one segment that is not empty */
	endpoint *run;
} routes[] = {
	{"GET", "/health", get_health},
	{"GET", "/metrics", get_metrics},
	{"GET", "/api/sandboxes", get_sandboxes},
	{"POST", "/api/sandboxes", create_sandbox},
	{"GET", "/api/sandboxes/:id", get_sandbox},
	{"DELETE", "/api/sandboxes/:id", destroy_sandbox},
	{"POST", "/api/sandboxes/:id/exec", exec_in_sandbox},
	{"GET", "/api/sandboxes/:id/execs", get_execs},
	{"GET", "/api/sandboxes/:id/execs/:name", get_exec},
	{"DELETE", "/api/sandboxes/:id/execs/:name", kill_exec},
	{"GET", "/api/sandboxes/:id/execs/:name/output", get_exec_output},
	{"GET", "/api/sandboxes/:id/files", get_file},
	{"POST", "/api/sandboxes/:id/files", put_file},
	{"DELETE", "/api/sandboxes/:id/files", delete_file},
	{"GET", "/api/sandboxes/:id/list", list_files},
	{"GET", "/api/sandboxes/:id/tar", get_tar},
	{"POST", "/api/sandboxes/:id/tar", put_tar},
	{"POST", "/api/sandboxes/:id/activate", activate_module},
	{"POST", "/api/sandboxes/:id/snapshot", take_snapshot},
	{"POST", "/api/sandboxes/:id/restore", restore_snapshot},
	{"POST", "/api/sandboxes/:id/modules", freeze_module},
	{"DELETE", "/api/sandboxes/:id/snapshots/:name", drop_snapshot},
	{"POST", "/api/sandboxes/:id/allow_net", change_allow_net},
	{"GET", "/api/sandboxes/:id/network", get_network},
	{"GET", "/api/sandboxes/:id/logs", get_logs},
	{"GET", "/api/history", get_history},
	{"GET", "/api/modules", get_modules},
	{"POST", "/api/modules", upload_module},
	{"GET", "/api/modules/:name", get_module},
	{"DELETE", "/api/modules/:name", delete_module},
	{"GET", "/api/system", get_system},
	{"POST", "/api/system/update", update_system},
	{"POST", "/api/system/reboot", reboot_system},
	{"POST", "/api/system/poweroff", power_off_system},
	{"GET", "/api/tokens", get_tokens},
	{"POST", "/api/tokens", create_token},
	{"DELETE", "/api/tokens/:name", drop_token},
	{"GET", "/openapi.json", get_openapi},
};

/* Whether the path matches; q gets the segments that variables stand for. */
static bool matches(struct http_request *q, const char *pattern)
{
	const char *path = q->path;
	q->id[0] = q->name[0] = '\0';
	while (*pattern) {
		if (*pattern != ':') {
			if (*path++ != *pattern++)
				return false;
			continue;
		}
		char *variable = pattern[1] == 'i' ? q->id : q->name;
		size_t len = strcspn(path, "/");
		if (len == 0)
			return false;
		memcpy(variable, path, len);
		variable[len] = '\0';
		path += len;
		pattern += strcspn(pattern, "/");
	}
	return *path == '\0';
}

endpoint *routes_find(struct http_request *q, struct buf *methods)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!matches(q, routes[i].pattern))
			continue;
		if (strcmp(q->method, routes[i].method) == 0)
			return routes[i].run;
		buf_printf(methods, "%s%s", methods->len > 0 ? ", " : "", routes[i].method);
	}
	return NULL;
}
