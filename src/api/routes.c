/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include <stdbool.h>
#include <string.h>

static bool matches(const char *path, const char *pattern)
{
	while (*pattern) {
		if (*pattern != ':') {
			if (*path++ != *pattern++)
				return false;
			continue;
		}
		size_t len = strcspn(path, "/");
		if (len == 0)
			return false;
		path += len;
		pattern += strcspn(pattern, "/");
	}
	return *path == '\0';
}

const struct endpoint *routes_find(const struct http_request *q, struct buf *methods)
{
	for (const struct endpoint *e = endpoints; e < endpoints + endpoints_count; e++) {
		if (!matches(q->path, e->path))
			continue;
		if (strcmp(q->method, e->method) == 0)
			return e;
		buf_printf(methods, "%s%s", methods->len > 0 ? ", " : "", e->method);
		if (strcmp(e->method, "GET") == 0) /* front makes HEAD of it */
			buf_add_text(methods, ", HEAD");
	}
	return NULL;
}

static const struct parameter *find_variable(const char *name, size_t len)
{
	const struct parameter *known = path_variables.known;
	for (size_t i = 0; i < path_variables.count; i++)
		if (strlen(known[i].name) == len && memcmp(known[i].name, name, len) == 0)
			return &known[i];
	return NULL;
}

int routes_add_variables(const struct endpoint *e, const char *path, struct buf *fields,
			 struct request_fault *fault)
{
	int rc = 0;
	for (const char *at = e->path; *at && rc == 0;) {
		char value[REQUEST_PATH_BYTES];
		if (*at != ':') {
			at++;
			path++;
			continue;
		}
		size_t name_len = strcspn(++at, "/"), len = strcspn(path, "/");
		memcpy(value, path, len);
		value[len] = '\0';
		const struct parameter *v = find_variable(at, name_len);
		rc = v ? parameter_add(v, value, fields, fault)
		       : request_refuse(fault, 500, "internal", "%s has no type", e->path);
		at += name_len;
		path += len;
	}
	return rc;
}
