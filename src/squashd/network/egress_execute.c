/* SPDX-License-Identifier: MIT */
/* How an egress process begins: in the sandbox's cgroup, in the appliance's network, with nothing
 * but its descriptors. */
#include "egress_execute.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "egress_policy.h"
#include "lib/egress_fds.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/kernel/place_fds.h"
#include "squashd/kernel/privilege.h"
#include "squashd/kernel/spawn.h"
#include "squashd/store/meta.h"
#include "squashd/store/traffic.h"

/* What the child is given. */
struct birth {
	const struct server *server;
	uint32_t uid;
	int fds[EGRESS_FDS_END]; /* what each of its descriptors is a copy of; -1: none */
};

/* Two sockets and two pipes for each connection: more than the kernel's default, which nobody can
 * raise any more later. egress lowers it to what it uses. */
static int allow_descriptors(struct err *e)
{
	const struct rlimit files = {65536, 65536};
	return setrlimit(RLIMIT_NOFILE, &files) < 0 ? err_set(e, errno, "set RLIMIT_NOFILE") : 0;
}

static int become_egress(void *arg, struct err *e)
{
	struct birth *b = arg;
	char *const argv[] = {(char[]){"egress"}, NULL};
	char *const envp[] = {NULL};
	sigset_t none;
	sigemptyset(&none);

	int rc = place_fds(b->fds, EGRESS_FDS_END, e);
	/* What its sandbox has no memory left for must not end what others rely on: not it. */
	if (rc == 0)
		rc = fd_write_file(AT_FDCWD, "/proc/self/oom_score_adj", "-1000", e);
	if (rc == 0)
		rc = allow_descriptors(e);
	if (rc == 0)
		rc = privilege_become_user(b->uid, PATH_EGRESS_ROOT, e);
	if (rc < 0)
		return 1;
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* By descriptor: the program lies outside of the root that we are in. What else is open
	 * closes on exec. */
	syscall(SYS_execveat, b->server->egress_fd, "", argv, envp, AT_EMPTY_PATH);
	err_set(e, errno, "execute %s", PATH_EGRESS);
	return 1;
}

static int open_log(int dir_fd, const char *name, struct err *e)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? err_set(e, errno, "open %s", name) : fd;
}

static int spawn(struct birth *b, int cgroup_fd, int *pidfd, struct err *e)
{
	struct spawn how = {.cgroup_fd = cgroup_fd, .run = become_egress, .arg = b};
	pid_t pid = spawn_until_exec(&how, pidfd, e);
	return pid < 0 ? pid : -e->number;
}

int egress_execute(const struct server *s, const struct sandbox *sb, const struct egress_net *n,
		   int *pidfd, struct err *e)
{
	AUTO_FD dir = meta_open(s, sb->id, e);
	AUTO_FD log = dir < 0 ? dir : open_log(dir, EGRESS_LOG_NAME, e);
	AUTO_FD other = log < 0 ? log : open_log(dir, EGRESS_LOG_OTHER_NAME, e);
	AUTO_FD cgroup = other < 0 ? other : cgroup_make_egress(s->cgroup_fd, sb->id, e);
	AUTO_FD control = cgroup < 0 ? cgroup : egress_policy_listen(s, sb->id, e);
	if (control < 0)
		return control;
	AUTO_FD traffic = traffic_open(s, sb->id, e);
	if (traffic < 0)
		return traffic;
	AUTO_FD null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return err_set(e, errno, "open /dev/null");
	struct birth b = {
		.server = s,
		.uid = SANDBOX_EGRESS_UID(sb->runtime.slot),
		.fds =
			{
				[STDIN_FILENO] = null,
				[STDOUT_FILENO] = null,
				[STDERR_FILENO] = STDERR_FILENO,
				[EGRESS_CONTROL_FD] = control,
				[EGRESS_DNS_UDP_FD] = n->dns_udp_fd,
				[EGRESS_DNS_TCP_FD] = n->dns_tcp_fd,
				[EGRESS_RELAY_FD] = n->relay_fd,
				[EGRESS_RELAY6_FD] = n->relay6_fd < 0 ? -1 : n->relay6_fd,
				[EGRESS_LINK_FD] = n->link_fd,
				[EGRESS_LOG_FD] = log,
				[EGRESS_LOG_OTHER_FD] = other,
				[EGRESS_TRAFFIC_FD] = traffic,
			},
	};
	return spawn(&b, cgroup, pidfd, e);
}
