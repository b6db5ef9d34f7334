/* SPDX-License-Identifier: MIT */
/* Modules: listed, pushed, pulled, made of sandboxes, removed. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "download.h"
#include "limits.h"
#include "listing.h"
#include "remote.h"
#include "runs.h"
#include "upload.h"

#define SUFFIX ".squashfs"

int command_modules_ls(struct ctl *c, const struct args *args)
{
	static const struct listing modules = {
		.heads = "NAME VERSION >SIZE >SANDBOXES BUILTIN",
		.cells = "name version bytes:size sandboxes builtin",
	};
	struct api *a = api_begin("GET", "api/modules");
	return args_get(args, "quiet") ? listing_show_names(c, a, "name")
				       : listing_show(c, a, &modules);
}

int command_modules_push(struct ctl *c, const struct args *args)
{
	struct upload u;
	char name[NAME_MAX + 1], sha256[SHA256_TEXT_BYTES];
	remote_base(args->words[args->word_count - 1], name, sizeof(name));
	size_t len = strlen(name), end = sizeof(SUFFIX) - 1;
	if (args->word_count == 1 && len > end && strcmp(name + len - end, SUFFIX) == 0)
		name[len - end] = '\0';
	int rc = upload_open(c, &u, args->words[0]);
	if (rc == 0)
		rc = upload_hash(c, &u, sha256);
	if (rc != 0)
		return rc;
	struct api *a = api_begin("POST", "api/modules");
	target_ask(&a->target, "name", name);
	target_ask(&a->target, "sha256", sha256);
	return upload_call(c, &u, a, "name");
}

int command_modules_pull(struct ctl *c, const struct args *args)
{
	static struct download d;
	char file[LIMIT_MODULE_BYTES + sizeof(SUFFIX)];
	const char *name = args->words[0];
	struct api *a = api_begin("GET", "api/modules");
	api_add_name(a, "module", name);
	snprintf(file, sizeof(file), "%.*s" SUFFIX, LIMIT_MODULE_BYTES, name);
	int rc = api_check(c, a);
	if (rc == 0)
		rc = download_open(c, &d, args->word_count > 1 ? args->words[1] : file, file);
	return rc != 0 ? rc : download_call(c, &d, a, true);
}

int command_modules_freeze(struct ctl *c, const struct args *args)
{
	struct api *a = api_begin_sandbox("POST", args->words[0], "/modules");
	const char *version = args_get(args, "version");
	target_ask(&a->target, "name", args->words[1]);
	if (version)
		target_ask(&a->target, "version", version);
	a->call.timeout_ms = CTL_LONG_REPLY_MS;
	return api_finish(c, a, "name");
}

int command_modules_rm(struct ctl *c, const struct args *args)
{
	struct api *a = api_begin("DELETE", "api/modules");
	api_add_name(a, "module", args->words[0]);
	return api_call(c, a);
}
