/* SPDX-License-Identifier: MIT */
/* How an egress process begins: in the sandbox's cgroup, in the appliance's network, with nothing
 * but its descriptors. */
#include "egress_execute.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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
	int program_fd;
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

	/* The program out of the way of their places, too. */
	b->program_fd = fcntl(b->server->egress_fd, F_DUPFD_CLOEXEC, EGRESS_FDS_END);
	int rc = b->program_fd < 0 ? err_set(e, errno, "copy a descriptor")
				   : place_fds(b->fds, EGRESS_FDS_END, e);
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
	syscall(SYS_execveat, b->program_fd, "", argv, envp, AT_EMPTY_PATH);
	err_set(e, errno, "execute %s", PATH_EGRESS);
	return 1;
}

const char *const egress_log_names[2 * EGRESS_LOGS] = {
	"network.ndjson",          "network.1.ndjson",
	"network.connects.ndjson", "network.connects.1.ndjson",
	"network.lookups.ndjson",  "network.lookups.1.ndjson",
};

struct logs {
	int fds[2 * EGRESS_LOGS];
};

static void close_logs(struct logs *logs)
{
	for (int i = 0; i < 2 * EGRESS_LOGS; i++)
		fd_close(&logs->fds[i]);
}

/* The caller closes those that were opened, whatever is returned: 0 or -errno. */
static int open_logs(int dir_fd, struct logs *logs, struct err *e)
{
	for (int i = 0; i < 2 * EGRESS_LOGS; i++) {
		const char *name = egress_log_names[i];
		logs->fds[i] =
			openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (logs->fds[i] < 0)
			return err_set(e, errno, "open %s", name);
	}
	return 0;
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
	struct logs logs __attribute__((cleanup(close_logs))) = {{-1, -1, -1, -1, -1, -1}};
	AUTO_FD dir = meta_open(s, sb->id, e);
	int rc = dir < 0 ? dir : open_logs(dir, &logs, e);
	AUTO_FD cgroup = rc < 0 ? rc : cgroup_make_egress(s->cgroup_fd, sb->id, e);
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
				[EGRESS_TRAFFIC_FD] = traffic,
			},
	};
	memcpy(&b.fds[EGRESS_LOG_FD], logs.fds, sizeof(logs.fds));
	return spawn(&b, cgroup, pidfd, e);
}
