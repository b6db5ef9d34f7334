/* SPDX-License-Identifier: MIT */
#include "remote.h"

#include <stdio.h>
#include <string.h>

bool remote_parse(const char *text, struct remote *r)
{
	size_t id = strcspn(text, ":/");
	if (text[id] != ':' || id == 0 || id >= sizeof(r->id))
		return false;
	const char *path = text + id + 1;
	int n = snprintf(r->path, sizeof(r->path), "%s%s", path[0] == '/' ? "" : "/", path);
	if (n < 0 || (size_t)n >= sizeof(r->path))
		return false;
	memcpy(r->id, text, id);
	r->id[id] = '\0';
	return true;
}

const char *remote_base(const char *path, char *name, size_t cap)
{
	size_t end = strlen(path);
	while (end > 0 && path[end - 1] == '/')
		end--;
	size_t begin = end;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;
	snprintf(name, cap, "%.*s", (int)(end - begin), path + begin);
	return name;
}
