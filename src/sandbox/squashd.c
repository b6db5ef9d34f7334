/* SPDX-License-Identifier: MIT */
/* squashd, the only privileged service. It accepts on the socket that init made (descriptor 3) and
 * forks a worker for each connection; it keeps nothing in memory that a worker or its successor could not
 * read from files and from the kernel, so it may be killed at any moment. The bearer token comes
 * through a pipe (descriptor 4), SQUASH_DATA from the environment. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "cgroup.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "life.h"
#include "worker.h"

enum { LISTEN_FD = 3, TOKEN_FD = 4 };

static volatile sig_atomic_t child_ended;

static void note_child(int signal)
{
	(void)signal;
	child_ended = 1;
}

static int open_dir(int dir_fd, const char *path, bool make, mode_t mode, struct err *e)
{
	if (make && mkdirat(dir_fd, path, mode) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	return fd;
}

static int open_dirs(struct server *s, struct err *e)
{
	const char *data = getenv("SQUASH_DATA");
	if (!data || data[0] != '/')
		return err_say(e, EINVAL, "SQUASH_DATA is not set");
	int n = snprintf(s->sandboxes_path, sizeof(s->sandboxes_path), "%s/" NAME_SANDBOXES, data);
	if (n < 0 || (size_t)n >= sizeof(s->sandboxes_path))
		return err_set(e, ENAMETOOLONG, "SQUASH_DATA");

	AUTO_FD data_fd = open_dir(AT_FDCWD, data, true, 0755, e);
	s->modules_fd = data_fd < 0 ? data_fd : open_dir(data_fd, NAME_MODULES, true, 0755, e);
	if (s->modules_fd < 0)
		return s->modules_fd;
	s->sandboxes_fd = open_dir(data_fd, NAME_SANDBOXES, true, 0700, e);
	if (s->sandboxes_fd < 0)
		return s->sandboxes_fd;
	s->builtin_fd = open_dir(AT_FDCWD, PATH_BUILTIN_MODULES, false, 0, e);
	if (s->builtin_fd < 0)
		return s->builtin_fd;
	s->run_fd = open_dir(AT_FDCWD, PATH_RUN, true, 0755, e);
	if (s->run_fd < 0)
		return s->run_fd;
	static const char *const names[] = {"layers", "slots", "stage", "dev"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (mkdirat(s->run_fd, names[i], 0700) < 0 && errno != EEXIST)
			return err_set(e, errno, "make %s/%s", PATH_RUN, names[i]);
	s->box_init_fd = open(PATH_BOX_INIT, O_PATH | O_CLOEXEC);
	if (s->box_init_fd < 0)
		return err_set(e, errno, "open %s", PATH_BOX_INIT);
	return 0;
}

static int read_token(struct server *s, struct err *e)
{
	ssize_t n = fd_read_all(TOKEN_FD, s->token, sizeof(s->token));
	close(TOKEN_FD);
	if (n < 0)
		return err_set(e, (int)-n, "read the token");
	/* One that does not fit must not become a shorter one, or none. */
	if ((size_t)n == sizeof(s->token))
		return err_set(e, EMSGSIZE, "read the token");
	s->token_len = (size_t)n;
	return 0;
}

static int set_up(struct server *s, struct err *e)
{
	struct sysinfo info;
	if (sysinfo(&info) < 0)
		return err_set(e, errno, "sysinfo");
	s->memory_mb = (uint64_t)info.totalram * info.mem_unit >> 20;
	int rc = read_token(s, e);
	if (rc == 0)
		rc = open_dirs(s, e);
	if (rc < 0)
		return rc;
	s->cgroup_fd = cgroup_make_root(s->memory_mb, e);
	return s->cgroup_fd < 0 ? s->cgroup_fd : box_make_dev(s, e);
}

/* The process forks a child that runs what is left of the loop's body; children die, we go on. */
static pid_t start_worker(const struct server *s, int conn_fd)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	close(LISTEN_FD);
	signal(SIGCHLD, SIG_DFL);
	if (conn_fd >= 0)
		worker_serve(s, conn_fd);
	else
		life_sweep(s, false);
	_exit(0);
}

/* Reap; the number of workers that ended, and whether one of them left its work half done. */
static unsigned reap(bool *crashed)
{
	unsigned count = 0;
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0; count++) {
		if (!WIFSIGNALED(status))
			continue;
		fprintf(stderr, "squashd: a worker died of signal %d\n", WTERMSIG(status));
		*crashed = true;
	}
	return count;
}

static void accept_one(const struct server *s, unsigned *workers)
{
	AUTO_FD conn = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);
	if (conn < 0)
		return;
	if (*workers >= LIMIT_WORKERS || start_worker(s, conn) < 0)
		worker_refuse(conn);
	else
		(*workers)++;
}

static void serve(const struct server *s)
{
	unsigned workers = 0;
	sigset_t child, old;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &old); /* but for while we wait in ppoll */
	for (;;) {
		struct pollfd p = {.fd = LISTEN_FD, .events = POLLIN};
		int ready = ppoll(&p, 1, NULL, &old);
		if (child_ended) {
			bool crashed = false;
			child_ended = 0;
			workers -= reap(&crashed);
			if (crashed && start_worker(s, -1) > 0)
				workers++;
		}
		if (ready > 0)
			accept_one(s, &workers);
	}
}

int main(void)
{
	static struct server server;
	struct err e;
	struct sigaction on_child = {.sa_handler = note_child};

	prctl(PR_SET_DUMPABLE, 0); /* the token is in our memory */
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGCHLD, &on_child, NULL);
	fcntl(LISTEN_FD, F_SETFD, FD_CLOEXEC);
	umask(022);
	if (set_up(&server, &e) < 0) {
		fprintf(stderr, "squashd: %s\n", e.text);
		return 1;
	}
	life_sweep(&server, true);
	serve(&server);
}
