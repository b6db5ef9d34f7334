/* SPDX-License-Identifier: MIT */
/* cp: a file, or a tree of them, into a sandbox, or out of one. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "archive.h"
#include "download.h"
#include "remote.h"
#include "runs.h"
#include "tree.h"
#include "upload.h"

/* A request for files of the sandbox: *a. 0, or the exit code of an id that can't be. */
static int begin(struct ctl *c, struct api **a, const char *method, const struct remote *r,
		 const char *what)
{
	*a = api_begin_sandbox(method, r->id, what);
	target_ask(&(*a)->target, "path", r->path);
	return api_check(c, *a);
}

/* What ends with a slash is a directory, and the file goes into it under its name. */
static int complete(struct ctl *c, struct remote *to, const char *from)
{
	char name[NAME_MAX + 1];
	size_t len = strlen(to->path);
	if (to->path[len - 1] != '/')
		return 0;
	if (strcmp(from, "-") == 0)
		return ctl_fail(c, EXIT_USAGE, "stdin has no name: say which in %s", to->path);
	remote_base(from, name, sizeof(name));
	if (strcmp(name, "..") == 0)
		return ctl_fail(c, EXIT_USAGE, "%s has no name: say which in %s", from, to->path);
	if (len + strlen(name) > LIMIT_PATH_BYTES)
		return ctl_fail(c, EXIT_USAGE, "the path is longer than %d bytes",
				LIMIT_PATH_BYTES);
	memcpy(to->path + len, name, strlen(name) + 1);
	return 0;
}

static int copy_in(struct ctl *c, const char *from, struct remote *to)
{
	struct upload u;
	struct api *a;
	char mode[8];
	int rc = complete(c, to, from);
	if (rc == 0)
		rc = begin(c, &a, "POST", to, "/files");
	if (rc == 0)
		rc = upload_open(c, &u, from);
	if (rc != 0)
		return rc;
	snprintf(mode, sizeof(mode), "%04o", (unsigned)u.mode & 0777);
	if (u.mode)
		target_ask(&a->target, "mode", mode);
	return upload_call(c, &u, a, NULL);
}

static int copy_out(struct ctl *c, const struct remote *from, const char *to)
{
	static struct download d;
	char name[NAME_MAX + 1];
	struct api *a;
	int rc = begin(c, &a, "GET", from, "/files");
	if (rc == 0)
		rc = download_open(c, &d, to, remote_base(from->path, name, sizeof(name)));
	return rc != 0 ? rc : download_call(c, &d, a, false);
}

/* A tar archive of stdin is unpacked in the directory itself, as it has no name. */
static int copy_tree_in(struct ctl *c, const struct args *args, const char *from, struct remote *to)
{
	bool is_stdin = strcmp(from, "-") == 0;
	const char *text = args_get(args, "owner");
	struct tree_owner owner;
	struct upload u;
	struct api *a;
	if (text && is_stdin)
		return ctl_fail(c, EXIT_USAGE, "--owner: an archive of stdin has its own owners");
	if (!tree_read_owner(text ? text : "root", &owner))
		return ctl_fail(c, EXIT_USAGE, "--owner is %s: it must be root, keep or UID[:GID]",
				text);
	int rc = is_stdin ? 0 : complete(c, to, from);
	if (rc == 0)
		rc = begin(c, &a, "POST", to, "/tar");
	if (rc == 0)
		rc = is_stdin ? upload_open(c, &u, from) : tree_open(c, &u, from, &owner);
	return rc != 0 ? rc : upload_call(c, &u, a, NULL);
}

/* A directory that is there gets it under its name; another is made of it. */
static int copy_tree_out(struct ctl *c, const struct remote *from, const char *to)
{
	char name[NAME_MAX + 1];
	struct api *a;
	int rc = begin(c, &a, "GET", from, "/tar");
	if (rc != 0)
		return rc;
	if (strcmp(to, "-") == 0)
		return archive_receive(c, a);
	remote_base(from->path, name, sizeof(name));
	if (strcmp(name, "..") == 0)
		return ctl_fail(c, EXIT_USAGE, "%s has no name", from->path);
	return tree_receive(c, a, to, name);
}

int command_cp(struct ctl *c, const struct args *args)
{
	bool is_tree = args_get(args, "recursive") != NULL;
	struct remote from, to;
	bool is_out = remote_parse(args->words[0], &from),
	     is_in = remote_parse(args->words[1], &to);
	if (is_out == is_in)
		return ctl_fail(c, EXIT_USAGE,
				"one of the two has to be ID:/PATH, the other a file here, or -");
	if (args->words[0][0] == '\0' || args->words[1][0] == '\0')
		return ctl_fail(c, EXIT_USAGE, "a name is empty");
	if (args_get(args, "owner") && (is_out || !is_tree))
		return ctl_fail(c, EXIT_USAGE, "--owner is for a tree that goes in: cp -r");
	if (is_tree)
		return is_out ? copy_tree_out(c, &from, args->words[1])
			      : copy_tree_in(c, args, args->words[0], &to);
	return is_out ? copy_out(c, &from, args->words[1]) : copy_in(c, args->words[0], &to);
}
