/* SPDX-License-Identifier: MIT */
/* Executes busybox's true, as each exec executes its shell: with the argument "filtered", the
 * sandboxes' seccomp table is loaded first. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "squashd/kernel/payload_calls.h"

int main(int argc, char **argv)
{
	char *const args[] = {(char[]){"true"}, NULL};
	char *const environment[] = {NULL};
	struct err e;
	if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 1;
	if (strcmp(argv[1], "filtered") == 0 && seccomp_load(&payload_calls, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	execve("/bin/busybox", args, environment);
	return 1;
}
