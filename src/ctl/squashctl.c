/* SPDX-License-Identifier: MIT */
/* squashctl: the operator's command line. Finds the command, and says what has failed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lib/fd.h"
#include "runs.h"
#include "show.h"

static int load_settings(struct ctl *c, const struct args *a)
{
	const struct settings_options options = {
		.url = args_get(a, "url"),
		.token_file = args_get(a, "token-file"),
		.fingerprint = args_get(a, "fingerprint"),
		.plain = args_get(a, "plain") != NULL,
	};
	struct err e;
	if (settings_load(&c->settings, &options, &e) < 0)
		return ctl_fail(c, EXIT_CONFIG, "%s", e.text);
	return 0;
}

static int run(struct ctl *c, int argc, char **argv)
{
	struct args args;
	const struct command *command;
	int rc = args_parse(c, &args, argc, argv, &command);
	if (rc != 0)
		return rc;
	if (args_get(&args, "help") || !command) {
		help_print(c, command);
		return command || args_get(&args, "help")
			       ? 0
			       : ctl_fail(c, EXIT_USAGE, "which command?");
	}
	c->json = args_get(&args, "json") != NULL;
	rc = command->is_local ? 0 : load_settings(c, &args);
	if (rc == 0)
		rc = command->run(c, &args);
	return c->failure[0] && command->is_proxy ? EXIT_NO_EXEC : rc;
}

/* What others have said may be in it. */
static void say(const char *failure)
{
	char memory[SHOW_BYTES(CTL_FAILURE_BYTES) + 32];
	struct buf out = {.data = memory, .cap = sizeof(memory)};
	buf_add_text(&out, "squashctl: ");
	show_text(failure, strlen(failure), &out);
	buf_add_text(&out, "\n");
	fd_write_all(STDERR_FILENO, out.data, out.len);
}

int main(int argc, char **argv)
{
	static struct ctl c = {.commands = commands, .global_options = global_options};
	int rc = run(&c, argc, argv);
	/* A buffer that could not be written is dropped, and fflush has nothing to complain of. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && !c.failure[0])
		rc = ctl_fail(&c, EXIT_LOCAL, "write: %s", strerror(errno));
	if (c.failure[0])
		say(c.failure);
	return rc;
}
