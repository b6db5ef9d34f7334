/* SPDX-License-Identifier: MIT */
/* Theory of operation. The worker makes the sandbox's user namespace, then a child in new mount,
 * pid, net, uts, ipc and cgroup namespaces. These belong to the initial user namespace: only the
 * user namespace, joined last, is one that the sandbox has rights over, so its root can't mount,
 * set an address or a host name. The child builds the root (root.c), pivots into it, joins the user
 * namespace and becomes box-init. */
#include "box.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "freeze.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "root.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/kernel/cgroup_events.h"
#include "squashd/kernel/mnt.h"
#include "squashd/kernel/privilege.h"
#include "squashd/kernel/spawn.h"
#include "squashd/network/egress.h"

#define STOP_MS 10000 /* killed processes are gone in milliseconds, a thousand of them in seconds */

/* What the child is given. */
struct birth {
	const struct server *server;
	const struct sandbox *sb;
	int userns_fd;
	int cgroup_fd; /* box */
};

/* A new network namespace has its loopback down. */
static int raise_loopback(struct err *e)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	AUTO_FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_set(e, errno, "raise loopback");
	return 0;
}

static int build(const struct birth *b, struct err *e)
{
	if (unshare(CLONE_NEWCGROUP) < 0) /* here, not in clone3: its root is to be box */
		return err_set(e, errno, "make cgroup namespace");
	int rc = cgroup_enter_init(b->cgroup_fd, e);
	if (rc < 0)
		return rc;
	if (sethostname(b->sb->id, strlen(b->sb->id)) < 0)
		return err_set(e, errno, "set host name");
	rc = raise_loopback(e);
	if (rc == 0)
		rc = root_build(b->server, b->sb, b->userns_fd, e);
	return rc;
}

static int become_box_init(void *arg, struct err *e)
{
	const struct birth *b = arg;
	char *const argv[] = {(char[]){"box-init"}, NULL};
	char *const envp[] = {NULL};

	/* First: what it makes is on the sandbox's account, which may be full of what the upper
	 * holds. A call of ours is to fail then, not we. */
	int rc = fd_write_file(AT_FDCWD, "/proc/self/oom_score_adj", "-1000", e);
	if (rc == 0)
		rc = build(b, e);
	if (rc == 0)
		rc = privilege_become_root_of(b->userns_fd, 0, e);
	if (rc < 0)
		return 1;
	/* It has no use for the appliance's console. What else is open closes on exec. */
	for (int fd = 0; fd <= 2; fd++)
		close(fd);
	/* By descriptor: the program lies outside of the root that we are in. */
	syscall(SYS_execveat, b->server->box_init_fd, "", argv, envp, AT_EMPTY_PATH);
	err_set(e, errno, "execute %s", PATH_BOX_INIT);
	return 1;
}

int box_start(const struct server *s, const struct sandbox *sb, int *pidfd, struct err *e)
{
	AUTO_FD userns = privilege_make_userns(SANDBOX_UID_BASE(sb->runtime.slot), e);
	if (userns < 0)
		return userns;
	AUTO_FD cgroup = cgroup_open_box(s->cgroup_fd, sb->id, e);
	if (cgroup < 0)
		return cgroup;
	struct birth b = {.server = s, .sb = sb, .userns_fd = userns, .cgroup_fd = cgroup};
	struct spawn spawn = {
		.clone_flags =
			CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC,
		.cgroup_fd = cgroup,
		.run = become_box_init,
		.arg = &b,
	};
	pid_t pid = spawn_until_exec(&spawn, pidfd, e);
	if (pid < 0)
		return pid;
	return e->number ? -e->number : 0;
}

int box_stop(const struct server *s, const char *id, struct err *e)
{
	AUTO_FD pidfd = -1;
	int rc = freeze_end(s->cgroup_fd, id, e);
	if (rc < 0)
		return rc;
	AUTO_FD box = cgroup_open_box(s->cgroup_fd, id, e);
	if (box < 0)
		return box == -ENOENT ? 0 : box;
	/* With PID 1 the kernel ends all of its namespace: pid_namespaces(7). Not by cgroup.kill:
	 * the leaves would have to be replaced (leaf.c). */
	pid_t init = cgroup_find_init(s->cgroup_fd, id, &pidfd, e);
	if (init < 0 && init != -ESRCH)
		return init;
	if (init > 0 && syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 &&
	    errno != ESRCH)
		return err_set(e, errno, "kill the init of sandbox %s", id);
	rc = cgroup_wait_empty(box, clock_mono_ms() + STOP_MS, e);
	return rc < 0 ? rc : egress_stop(s, id, e);
}
