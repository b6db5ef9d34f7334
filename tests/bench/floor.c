/* SPDX-License-Identifier: MIT */
/* The CGI programs that an exec is measured against: under the name "nothing" one that only
 * answers, under the name "chroot" one that runs `/bin/sh -c true` in a chroot, the least that
 * running a command in another root can cost.
 *
 * Both take the request's body in, as the shipping CGI must, and answer with about as many bytes as
 * an exec does. The chroot one needs CAP_SYS_CHROOT. Nothing here isolates anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fd.h"

#define ROOT_PATH "/root" /* below the web server's own root */

static const char reply[] =
	"Status: 200 OK\r\nContent-Type: application/json\r\n\r\n"
	"{\"exit_code\":0,\"stdout\":\"\",\"stderr\":\"\",\"truncated\":{\"stdout\":false,"
	"\"stderr\":false},\"started\":\"2025-01-01T00:00:00Z\",\"ended\":\"2025-01-01T00:00:00Z\","
	"\"duration_ms\":0,\"timed_out\":false,\"signal\":null,\"oom_killed\":false,"
	"\"background\":false}\n";

static void read_body(void)
{
	char body[4096];
	const char *length = getenv("CONTENT_LENGTH");
	size_t bytes = length ? strtoul(length, NULL, 10) : 0;
	if (bytes > sizeof(body) || fd_read_all(STDIN_FILENO, body, bytes) != (ssize_t)bytes)
		_exit(1);
}

/* The command's wait status, or -1. */
static int run_in_chroot(void)
{
	char *const argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"true"}, NULL};
	char *const envp[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
	int status;
	pid_t pid = vfork();
	if (pid == 0) {
		if (chroot(ROOT_PATH) == 0 && chdir("/") == 0)
			execve("/bin/sh", argv, envp);
		_exit(126);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

int main(int argc, char **argv)
{
	if (argc < 1)
		return 1;
	read_body();
	if (strcmp(argv[0], "chroot") == 0 && run_in_chroot() != 0) {
		static const char failed[] = "Status: 500 Failed\r\n\r\nsh in the chroot failed\n";
		return fd_write_all(STDOUT_FILENO, failed, sizeof(failed) - 1) < 0;
	}
	return fd_write_all(STDOUT_FILENO, reply, sizeof(reply) - 1) < 0;
}
