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
#include "commands.h"
#include "download.h"
#include "lib/fd.h"
#include "remote.h"
#include "tar.h"
#include "upload.h"

static int begin(struct ctl *c, struct api **a, const char *method, const struct remote *r,
		 const char *what)
{
	int rc = api_begin_sandbox(c, a, method, r->id, what);
	if (rc == 0)
		target_ask(&(*a)->target, "path", r->path);
	return rc;
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
	if (rc != 0)
		return rc;
	rc = upload_open(c, &u, from);
	if (rc == 0) {
		snprintf(mode, sizeof(mode), "%04o", (unsigned)u.mode & 0777);
		if (u.mode)
			target_ask(&a->target, "mode", mode);
		upload_into(&u, &a->call);
		rc = api_call(c, a);
	}
	upload_close(&u);
	return rc != 0 || !c->json ? rc : api_print(a);
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
	if (rc != 0)
		return rc;
	rc = upload_take(c, &u, fd, from);
	if (rc == 0) {
		upload_into(&u, &a->call);
		rc = api_call(c, a);
	}
	upload_close(&u);
	return rc != 0 || !c->json ? rc : api_print(a);
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

static int cp(struct ctl *c, const struct args *args)
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

static const struct option cp_options[] = {
	{"recursive", 'r', NULL, "what is in a directory, by tar(1)"},
	{.name = NULL},
};

const struct command command_cp = {
	.name = "cp",
	.usage = "[-r] FILE|- ID:/PATH | [-r] ID:/PATH FILE|-",
	.help = "copy a file, or a tree, into a sandbox, or out of one",
	.options = cp_options,
	.min_words = 2,
	.max_words = 2,
	.run = cp,
};
