/* SPDX-License-Identifier: MIT */
#include "confine.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "lib/seccomp.h"
#include "limits.h"

static const struct seccomp_rule rules[] = {
	ALLOW(SYS_epoll_wait),
	ALLOW(SYS_epoll_pwait), /* musl's epoll_wait */
	ALLOW(SYS_epoll_ctl),
	/* clients */
	ALLOW(SYS_accept4),
	ALLOW(SYS_getpeername),
	ALLOW(SYS_setsockopt),
	ALLOW(SYS_recvfrom),
	ALLOW(SYS_sendto),
	ALLOW(SYS_shutdown),
	ALLOW(SYS_close),
	/* httpd */
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_UNIX),
		 ARG_IS(1, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)),
	ALLOW(SYS_connect),
	/* init's signal; stderr */
	ALLOW(SYS_read),
	ALLOW(SYS_write),
	ALLOW(SYS_writev),
	/* pages of a flood, given back */
	ALLOW_IF(SYS_madvise, ARG_IS(2, MADV_DONTNEED)),
	ALLOW(SYS_getrandom),
	/* where the vDSO has no clock */
	ALLOW(SYS_clock_gettime),
	ALLOW(SYS_exit),
	ALLOW_RESTART_AND_EXIT,
};

static const struct seccomp_table calls = {rules, sizeof(rules) / sizeof(rules[0]), 0};

int confine_self(struct err *e)
{
	const struct rlimit files = {FRONT_FDS, FRONT_FDS}, core = {0, 0};
	if (prctl(PR_SET_DUMPABLE, 0) < 0) /* keys and tokens are in its memory */
		return err_set(e, errno, "PR_SET_DUMPABLE");
	signal(SIGPIPE, SIG_IGN);
	if (setrlimit(RLIMIT_NOFILE, &files) < 0 || setrlimit(RLIMIT_CORE, &core) < 0)
		return err_set(e, errno, "setrlimit");
	return seccomp_load(&calls, e);
}
