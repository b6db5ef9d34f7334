/* SPDX-License-Identifier: MIT */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "lib/seccomp.h"
#include "limits.h"

enum { FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC };

/* No file is opened, no memory mapped, no program started: all there is was there at the start. */
static const struct seccomp_rule rules[] = {
	ALLOW(SYS_epoll_wait),
	ALLOW(SYS_epoll_pwait), /* musl's epoll_wait */
	ALLOW(SYS_epoll_ctl),
	ALLOW(SYS_accept4),
	/* upstream, and whether an address is the appliance's own */
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_INET), ARG_IS(1, SOCK_STREAM | FLAGS)),
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_INET), ARG_IS(1, SOCK_DGRAM | FLAGS)),
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_INET6), ARG_IS(1, SOCK_STREAM | FLAGS)),
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_INET6), ARG_IS(1, SOCK_DGRAM | FLAGS)),
	ALLOW(SYS_connect),
	ALLOW(SYS_bind),
	ALLOW(SYS_getsockname),
	ALLOW(SYS_getsockopt),
	ALLOW(SYS_setsockopt),
	ALLOW(SYS_shutdown),
	ALLOW(SYS_sendto),
	ALLOW(SYS_recvfrom),
	/* connections, and the control socket */
	ALLOW(SYS_pipe2),
	ALLOW_IF(SYS_fcntl, ARG_IS(1, F_SETPIPE_SZ)),
	ALLOW(SYS_splice),
	ALLOW_IF(SYS_poll, ARG_IS(1, 1), ARG_IS(2, 0)), /* a socket, without waiting */
	ALLOW(SYS_read),
	ALLOW(SYS_write),
	ALLOW(SYS_close),
	/* the log; stderr */
	ALLOW(SYS_pwrite64),
	ALLOW(SYS_ftruncate),
	ALLOW(SYS_writev),
	/* where the vDSO has no clock */
	ALLOW(SYS_clock_gettime),
	ALLOW(SYS_getrandom),
	ALLOW(SYS_exit),
	ALLOW_RESTART_AND_EXIT,
};

static const struct seccomp_table calls = {rules, sizeof(rules) / sizeof(rules[0]), 0};

static int set_limit(int what, rlim_t most, const char *name, struct err *e)
{
	const struct rlimit limit = {.rlim_cur = most, .rlim_max = most};
	return setrlimit(what, &limit) < 0 ? err_set(e, errno, "set %s", name) : 0;
}

int confine_self(struct err *e)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0) /* what it relays is in its memory */
		return err_set(e, errno, "PR_SET_DUMPABLE");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	int rc = set_limit(RLIMIT_NOFILE, EGRESS_FDS, "RLIMIT_NOFILE", e);
	if (rc == 0)
		rc = set_limit(RLIMIT_FSIZE, EGRESS_LOG_BYTES, "RLIMIT_FSIZE", e);
	if (rc == 0)
		rc = set_limit(RLIMIT_CORE, 0, "RLIMIT_CORE", e);
	return rc < 0 ? rc : seccomp_load(&calls, e);
}
