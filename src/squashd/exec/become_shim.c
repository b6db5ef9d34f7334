/* SPDX-License-Identifier: MIT */
#include "become_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/paths.h"
#include "lib/shim.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/kernel/place_fds.h"
#include "squashd/kernel/privilege.h"
#include "squashd/store/runtime.h"

enum { NUMBER_BYTES = 24 };

static int execute(int program_fd, char numbers[SHIM_ARGS][NUMBER_BYTES], struct err *e)
{
	char *const argv[] = {(char[]){"shim"}, numbers[SHIM_ARG_SEQ], numbers[SHIM_ARG_STARTED],
			      numbers[SHIM_ARG_DEADLINE], NULL};
	char *const envp[] = {NULL};
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* What else is open closes on exec. */
	syscall(SYS_execveat, program_fd, "", argv, envp, AT_EMPTY_PATH);
	return err_set(e, errno, "execute %s", PATH_SHIM);
}

/* Into the sandbox's cgroup, so that the program's memory is the sandbox's; which having none left
 * must not end it: the command's end would be lost. */
static int settle(const struct server *s, const char *id, struct err *e)
{
	AUTO_FD cgroup = cgroup_make_shim(s->cgroup_fd, id, e);
	int rc = cgroup < 0 ? cgroup : fd_write_file(cgroup, "cgroup.procs", "0", e);
	return rc < 0 ? rc : fd_write_file(AT_FDCWD, "/proc/self/oom_score_adj", "-1000", e);
}

int become_shim(const struct server *s, const char *id, struct exec_job *job, uint64_t seq,
		uint64_t timeout_ms, const struct detached *d, struct err *e)
{
	uint32_t slot = runtime_load(s, id).slot;
	char numbers[SHIM_ARGS][NUMBER_BYTES];
	const uint64_t values[SHIM_ARGS] = {
		[SHIM_ARG_SEQ] = seq,
		[SHIM_ARG_STARTED] = job->started_mono_ms,
		[SHIM_ARG_DEADLINE] = job->started_mono_ms + timeout_ms,
	};
	for (int i = 0; i < SHIM_ARGS; i++)
		snprintf(numbers[i], NUMBER_BYTES, "%" PRIu64, values[i]);
	if (slot == SLOT_NONE)
		return err_say(e, ESRCH, "sandbox %s does not run any more", id);
	int rc = settle(s, id, e);
	if (rc < 0)
		return rc;
	AUTO_FD null = open("/dev/null", O_RDWR | O_CLOEXEC);
	AUTO_FD program = fcntl(s->shim_fd, F_DUPFD_CLOEXEC, SHIM_FDS_END);
	if (null < 0 || program < 0)
		return err_set(e, errno, "open /dev/null");
	int fds[SHIM_FDS_END] = {
		[STDIN_FILENO] = null,
		[STDOUT_FILENO] = null,
		[STDERR_FILENO] = STDERR_FILENO,
		[SHIM_INPUT_FD] = job->input_fd,
		[SHIM_IN_FD] = job->in_fd,
		[SHIM_OUT_FD] = job->out_fd,
		[SHIM_ERR_FD] = job->err_fd,
		[SHIM_PID_FD] = d ? job->pidfd : -1,
		[SHIM_LEAF_FD] = job->leaf.fd,
		[SHIM_DIR_FD] = d ? d->dir_fd : -1,
		[SHIM_RING_OUT_FD] = d ? d->ring_fd[0] : -1,
		[SHIM_RING_ERR_FD] = d ? d->ring_fd[1] : -1,
	};
	rc = place_fds(fds, SHIM_FDS_END, e);
	if (rc == 0)
		rc = privilege_become_user(SANDBOX_SHIM_UID(slot), PATH_SHIM_ROOT, e);
	return rc < 0 ? rc : execute(program, numbers, e);
}
