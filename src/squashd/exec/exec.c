/* SPDX-License-Identifier: MIT */
/* Joining: the worker enters the sandbox's pid namespace (which holds for its children only), and
 * starts a child in a leaf cgroup; the child enters the other namespaces, the user namespace last,
 * becomes root there and executes the shell. What happens after that is in supervise.c. */
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "input.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "squashd/box/life.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/kernel/privilege.h"
#include "squashd/kernel/spawn.h"
#include "squashd/store/meta.h"

#define PROGRAM_FD 3

/* What the child needs. */
struct join {
	const struct exec_request *request;
	int init_pidfd;
	int userns_fd;
	int in_fd, out_fd, err_fd;
};

static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void set_rlimits(void)
{
	const struct rlimit no_core = {0, 0};
	const struct rlimit files = {1024, 65536};
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_NOFILE, &files);
}

static int enter(const struct join *j, struct err *e)
{
	/* Privilege: still the appliance's root, already in the sandbox's cgroup and pid
	 * namespace. squashd is hard to kill for want of memory; what it starts must not be. As
	 * root writes it, it can't be lowered again inside. */
	if (fd_write_file(AT_FDCWD, "/proc/self/oom_score_adj", "0", e) < 0)
		return -e->number;
	int spaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;
	if (setns(j->init_pidfd, spaces) < 0)
		return err_set(e, errno, "enter the sandbox's namespaces");
	set_rlimits();
	/* Privilege: from here on root of the sandbox. */
	return privilege_become_root_of(j->userns_fd, privilege_payload_caps, e);
}

/* What errno says of what could not be done once the child was inside: of a command on its own
 * stderr, which err_fd is. */
static int fail_inside(const struct join *j, int err_fd, const char *what, struct err *e)
{
	char text[LIMIT_PATH_BYTES + 128];
	int number = errno;
	if (j->request->cmd) {
		int n = snprintf(text, sizeof(text), "sandbox: %s: %s\n", what, strerror(number));
		fd_write_all(err_fd, text, (size_t)n);
	} else {
		err_set(e, number, "start %s", what);
	}
	return 126; /* as shells say that a command can't be executed */
}

/* The command's streams and nothing else: a path inside (/proc/self/fd/5, or a link to it) would
 * lead to what is open of the appliance's, closed on exec or not. A program's own descriptor stays
 * until then; for that no path is looked up but the root. */
static int settle_descriptors(const struct join *j)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int in_fd = j->in_fd >= 0 ? j->in_fd : null_fd;
	int err_fd = j->err_fd >= 0 ? j->err_fd : null_fd;
	unsigned first = 3;
	if (dup2(in_fd, 0) < 0 || dup2(j->out_fd, 1) < 0 || dup2(err_fd, 2) < 0)
		return -1;
	if (!j->request->cmd) {
		if (j->request->program_fd != PROGRAM_FD &&
		    dup3(j->request->program_fd, PROGRAM_FD, O_CLOEXEC) < 0)
			return -1;
		first = PROGRAM_FD + 1;
	}
	return (int)syscall(SYS_close_range, first, ~0u, 0);
}

static int run_command(void *arg, struct err *e)
{
	const struct join *j = arg;
	char *const argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)(uintptr_t)j->request->cmd,
			      NULL};

	if (enter(j, e) < 0)
		return 1;
	setsid();
	umask(022);
	if (settle_descriptors(j) < 0)
		return fail_inside(j, j->err_fd, "descriptors", e);
	if (chdir(j->request->workdir) < 0)
		return fail_inside(j, STDERR_FILENO, j->request->workdir, e);
	reset_signals();
	if (!j->request->cmd) {
		syscall(SYS_execveat, PROGRAM_FD, "", j->request->argv, j->request->envp,
			AT_EMPTY_PATH);
		return fail_inside(j, STDERR_FILENO, "a program of the appliance's", e);
	}
	execve("/bin/sh", argv, j->request->envp);
	return fail_inside(j, STDERR_FILENO, "/bin/sh", e);
}

/* A pipe whose inner end belongs to the sandbox's root, or it could not open /dev/stdout; the outer
 * end is non-blocking. */
static int make_pipe(uid_t owner, int outer, int fds[2], struct err *e)
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(e, errno, "make pipe");
	if (fchown(fds[!outer], owner, owner) < 0 || fcntl(fds[outer], F_SETFL, O_NONBLOCK) < 0)
		return err_set(e, errno, "set up pipe");
	return 0;
}

/* The sandbox's user namespace, as its init has it. */
static int open_userns(pid_t init, struct err *e)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)init);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	return fd;
}

/* Whether the child was killed: for want of memory, of which a call of its own has failed first.
 * The command is reported as one that was killed later is. */
static bool was_killed(const struct join *j, int pidfd)
{
	siginfo_t end = {.si_pid = 0};
	return j->request->cmd && waitid(P_PIDFD, (id_t)pidfd, &end, WEXITED | WNOWAIT) == 0 &&
	       end.si_code == CLD_KILLED;
}

static int start_joined(const struct server *s, const struct sandbox *sb, struct join *j,
			struct exec_job *job, struct err *e)
{
	AUTO_FD init = -1;
	pid_t init_pid = cgroup_find_init(s->cgroup_fd, sb->id, &init, e);
	if (init_pid < 0)
		return init_pid;
	AUTO_FD userns = open_userns(init_pid, e);
	if (userns < 0)
		return userns;
	j->init_pidfd = init;
	j->userns_fd = userns;
	if (setns(init, CLONE_NEWPID) < 0) /* for the child: a worker serves one request */
		return err_set(e, errno, "enter the sandbox's pid namespace");
	struct spawn spawn = {.cgroup_fd = job->leaf.fd, .run = run_command, .arg = j};
	pid_t pid = spawn_until_exec(&spawn, &job->pidfd, e);
	if (pid == -EAGAIN) /* pids.max: pids(7), clone(2) */
		return err_say(e, EAGAIN, "sandbox %s has %d processes and threads already", sb->id,
			       LIMIT_PIDS);
	if (pid < 0)
		return pid;
	if (e->number && !was_killed(j, job->pidfd)) {
		waitid(P_PIDFD, (id_t)job->pidfd, NULL, WEXITED);
		return -e->number;
	}
	return 0;
}

void exec_finish(struct exec_job *job)
{
	fd_close(&job->out_fd);
	fd_close(&job->err_fd);
	fd_close(&job->in_fd);
	fd_close(&job->input_fd);
	fd_close(&job->pidfd);
	fd_close(&job->null_fd);
	leaf_end(&job->leaf);
}

int exec_start(const struct server *s, const struct sandbox *sb, const struct exec_request *r,
	       struct exec_job *job, struct err *e)
{
	uid_t owner = SANDBOX_UID_BASE(sb->runtime.slot);
	int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};

	*job = (struct exec_job){.leaf = {.fd = -1, .box_fd = -1},
				 .pidfd = -1,
				 .null_fd = -1,
				 .input_fd = -1,
				 .waiter_fd = -1};
	int rc = leaf_lease(s->cgroup_fd, sb->id, &job->leaf, e);
	if (rc < 0)
		return rc;
	if (r->input_len > 0)
		rc = make_pipe(owner, 1, in, e);
	if (rc == 0 && r->input_len > 0 && r->input)
		rc = input_begin(s, sb->id, r, in[1], &job->input_fd, e);
	if (rc == 0)
		rc = make_pipe(owner, 0, out, e);
	if (rc == 0 && r->cmd)
		rc = make_pipe(owner, 0, err, e);
	if (rc == 0) {
		struct join j = {.request = r, .in_fd = in[0], .out_fd = out[1], .err_fd = err[1]};
		job->started_mono_ms = clock_mono_ms();
		job->beat_ms = job->started_mono_ms + EXEC_BEAT_MS;
		rc = start_joined(s, sb, &j, job, e);
	}
	fd_close(&in[0]);
	fd_close(&out[1]);
	fd_close(&err[1]);
	job->in_fd = in[1];
	job->out_fd = out[0];
	job->err_fd = err[0];
	if (job->input_fd < 0 && r->input)
		fd_close(&job->in_fd); /* the pipe has all of it */
	if (rc < 0)
		exec_finish(job);
	return rc;
}

int exec_lock(const struct server *s, const char *id, struct sandbox *sb, struct err *e)
{
	AUTO_FD lock = meta_lock(s, id, LIMIT_LOCK_MS, e);
	if (lock < 0)
		return lock;
	int rc = meta_load(s, lock, id, sb, e);
	if (rc == 0)
		rc = life_ensure_runs(s, sb, lock, e);
	return rc < 0 ? rc : fd_steal(&lock);
}
