/* SPDX-License-Identifier: MIT */
/* PID 1 of a sandbox: it keeps the namespaces alive and reaps what has lost its parent. It runs as
 * root of the sandbox without a single capability, has no descriptor, reads nothing and writes
 * nothing. Signals from inside can't end it (pid_namespaces(7)). */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>

int main(void)
{
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	/* Nobody inside may look into us or trace us: the exec that brought us here is from
	 * outside. */
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (;;) {
		if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD)
			sigwaitinfo(&child, NULL);
	}
}
