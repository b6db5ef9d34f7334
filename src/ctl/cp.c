/* SPDX-License-Identifier: MIT */
/* cp: a file, or a tree of them, into a sandbox, or out of one. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api.h"
#include "download.h"
#include "lib/fd.h"
#include "remote.h"
#include "runs.h"
#include "tar.h"
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

static int copy_tree_in(struct ctl *c, const char *from, struct remote *to)
{
	struct upload u;
	struct api *a;
	int fd = -1;
	int rc = complete(c, to, from);
	if (rc == 0)
		rc = begin(c, &a, "POST", to, "/tar");
	if (rc == 0)
		rc = tar_pack(c, from, &fd);
	if (rc == 0)
		rc = upload_take(c, &u, fd, from);
	return rc != 0 ? rc : upload_call(c, &u, a, NULL);
}

/* A directory that is there gets it under its name; another is made of it. */
static int copy_tree_out(struct ctl *c, const struct remote *from, const char *to)
{
	static struct download d;
	char name[NAME_MAX + 1];
	struct stat st;
	struct api *a;
	pid_t child;
	bool is_there = stat(to, &st) == 0;
	int n = snprintf(d.path, sizeof(d.path), "%s%s%s", to, is_there ? "/" : "",
			 is_there ? remote_base(from->path, name, sizeof(name)) : "");
	if (n < 0 || (size_t)n >= sizeof(d.path))
		return ctl_fail(c, EXIT_USAGE, "the path is too long");
	int rc = begin(c, &a, "GET", from, "/tar");
	if (rc == 0)
		rc = tar_begin(c, d.path, &d.fd, &child);
	if (rc != 0)
		return rc;
	a->call.take = download_take;
	a->call.owner = &d;
	rc = api_call(c, a);
	if (rc == 0)
		return tar_end(c, &d.fd, child);
	/* It would complain of what hasn't come. */
	kill(child, SIGKILL);
	fd_close(&d.fd);
	waitpid(child, NULL, 0);
	if (!is_there)
		rmdir(d.path); /* if it is empty */
	return rc;
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
	if (is_tree)
		return is_out ? copy_tree_out(c, &from, args->words[1])
			      : copy_tree_in(c, args->words[0], &to);
	return is_out ? copy_out(c, &from, args->words[1]) : copy_in(c, args->words[0], &to);
}
