/* SPDX-License-Identifier: MIT */
#include "tar.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fd.h"

extern char **environ; /* environ(7): no header has it for all */

/* Start it with fd as its standard input or output. */
static int start(struct ctl *c, const char *const *argv, int fd, int as, pid_t *child)
{
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, as);
	/* POSIX has the strings not const, but leaves them alone. */
	int rc =
		posix_spawnp(child, "tar", &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc == 0 ? 0 : ctl_fail(c, EXIT_LOCAL, "tar, which -r takes: %s", strerror(rc));
}

static int wait_for(struct ctl *c, pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return ctl_fail(c, EXIT_LOCAL, "wait for tar: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return ctl_fail(c, EXIT_LOCAL, "tar has failed: what it could do is done");
}

int tar_pack(struct ctl *c, const char *directory, int *fd)
{
	const char *const argv[] = {"tar", "-C", directory, "-cf", "-", ".", NULL};
	pid_t child;
	AUTO_FD memory = memfd_create("squashctl", MFD_CLOEXEC);
	if (memory < 0)
		return ctl_fail(c, EXIT_LOCAL, "memory for a tar: %s", strerror(errno));
	int rc = start(c, argv, memory, STDOUT_FILENO, &child);
	if (rc == 0)
		rc = wait_for(c, child);
	if (rc == 0 && lseek(memory, 0, SEEK_SET) < 0)
		rc = ctl_fail(c, EXIT_LOCAL, "memory for a tar: %s", strerror(errno));
	if (rc == 0)
		*fd = fd_steal(&memory);
	return rc;
}

int tar_begin(struct ctl *c, const char *directory, int *fd, pid_t *child)
{
	const char *const argv[] = {"tar",  "-C", directory, "--no-same-permissions",
				    "-xof", "-",  NULL};
	int ends[2];
	if (mkdir(directory, 0777) < 0 && errno != EEXIST)
		return ctl_fail(c, EXIT_LOCAL, "%s: %s", directory, strerror(errno));
	if (pipe2(ends, O_CLOEXEC) < 0)
		return ctl_fail(c, EXIT_LOCAL, "pipe: %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN); /* tar says itself why it has ended */
	/* The appliance's clock may be ahead, which GNU tar tells of each new file. */
	setenv("TAR_OPTIONS", "--warning=no-timestamp", 0);
	int rc = start(c, argv, ends[0], STDIN_FILENO, child);
	fd_close(&ends[0]);
	if (rc != 0)
		fd_close(&ends[1]);
	*fd = ends[1];
	return rc;
}

int tar_end(struct ctl *c, int *fd, pid_t child)
{
	fd_close(fd);
	return wait_for(c, child);
}
