/* SPDX-License-Identifier: MIT */
/* One route table; the first match wins. */
#include "routes.h"

#include <stdbool.h>
#include <string.h>

static const struct {
	const char *method;
	const char *pattern; /* ":id" stands for one segment that is not empty */
	endpoint *run;
} routes[] = {
	{"GET", "/health", get_health},
	{"GET", "/api/sandboxes", get_sandboxes},
	{"POST", "/api/sandboxes", create_sandbox},
	{"GET", "/api/sandboxes/:id", get_sandbox},
	{"DELETE", "/api/sandboxes/:id", destroy_sandbox},
	{"POST", "/api/sandboxes/:id/exec", exec_in_sandbox},
	{"POST", "/api/sandboxes/:id/activate", not_implemented},
	{"POST", "/api/sandboxes/:id/snapshot", not_implemented},
	{"POST", "/api/sandboxes/:id/restore", not_implemented},
	{"GET", "/api/sandboxes/:id/logs", get_logs},
	{"GET", "/api/history", get_history},
	{"GET", "/api/modules", get_modules},
};

/* Whether the path matches; id gets the segment for ":id". */
static bool matches(const char *path, const char *pattern, char id[ROUTES_PATH_BYTES])
{
	const char *variable = strstr(pattern, ":id");
	if (!variable)
		return strcmp(path, pattern) == 0;
	size_t prefix = (size_t)(variable - pattern);
	if (strncmp(path, pattern, prefix) != 0)
		return false;
	size_t len = strcspn(path + prefix, "/");
	if (len == 0 || strcmp(path + prefix + len, variable + strlen(":id")) != 0)
		return false;
	memcpy(id, path + prefix, len);
	id[len] = '\0';
	return true;
}

endpoint *routes_find(const char *path, const char *method, char id[ROUTES_PATH_BYTES],
		      struct buf *methods)
{
	id[0] = '\0';
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!matches(path, routes[i].pattern, id))
			continue;
		if (strcmp(method, routes[i].method) == 0)
			return routes[i].run;
		buf_printf(methods, "%s%s", methods->len > 0 ? ", " : "", routes[i].method);
	}
	return NULL;
}
