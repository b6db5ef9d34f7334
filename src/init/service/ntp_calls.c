/* SPDX-License-Identifier: MIT */
/* It reads what anybody may send to its port, and sets the clock by it: whoever takes it over is to
 * have that, and no more. Any other call ends it: init starts it again and says so.
 *
 * What busybox's ntpd and musl were seen to call, and what they may call besides: DNS by TCP, the
 * order of addresses (RFC 6724). No fork: it is given no script to run. */
#include "ntp_calls.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static const struct seccomp_rule rules[] = {
	/* starting and ending */
	ALLOW(SYS_execve),
	ALLOW(SYS_arch_prctl),
	ALLOW(SYS_set_tid_address),
	ALLOW(SYS_getpid),
	ALLOW(SYS_gettid),
	ALLOW(SYS_getuid), /* busybox makes sure that it is who called it */
	ALLOW(SYS_getgid),
	ALLOW(SYS_geteuid),
	ALLOW(SYS_getegid),
	ALLOW(SYS_setgid),
	ALLOW(SYS_setuid),
	ALLOW(SYS_exit),
	ALLOW(SYS_exit_group),
	ALLOW(SYS_rt_sigaction),
	ALLOW(SYS_rt_sigprocmask),
	ALLOW(SYS_rt_sigreturn),
	ALLOW(SYS_tkill), /* itself, by the signal that ended it */
	/* the clock */
	ALLOW(SYS_clock_settime),
	ALLOW(SYS_settimeofday),
	ALLOW(SYS_clock_adjtime),
	ALLOW(SYS_adjtimex),
	ALLOW(SYS_time), /* where the vDSO has no clock */
	ALLOW(SYS_gettimeofday),
	ALLOW(SYS_clock_gettime),
	/* memory, chance */
	ALLOW(SYS_brk),
	ALLOW(SYS_mmap),
	ALLOW(SYS_munmap),
	ALLOW(SYS_mprotect),
	ALLOW(SYS_mremap),
	ALLOW(SYS_madvise),
	ALLOW(SYS_futex),
	ALLOW(SYS_getrandom),
	/* /etc/resolv.conf, /etc/hosts, and what it says */
	ALLOW(SYS_open),
	ALLOW(SYS_openat),
	ALLOW(SYS_close),
	ALLOW(SYS_fstat),
	ALLOW(SYS_lseek),
	ALLOW(SYS_fcntl),
	ALLOW(SYS_read),
	ALLOW(SYS_readv),
	ALLOW(SYS_write),
	ALLOW(SYS_writev),
	REFUSE(SYS_ioctl, ENOTTY), /* stdio asks whether its output is a terminal */
	/* the network */
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_INET)),
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_INET6)),
	ALLOW(SYS_setsockopt),
	ALLOW(SYS_bind),
	ALLOW(SYS_connect),
	ALLOW(SYS_getsockname),
	ALLOW(SYS_sendto),
	ALLOW(SYS_sendmsg),
	ALLOW(SYS_recvfrom),
	ALLOW(SYS_recvmsg),
	ALLOW(SYS_poll),
	ALLOW(SYS_restart_syscall),
};

const struct seccomp_table ntp_calls = {rules, sizeof(rules) / sizeof(rules[0]), 0};
