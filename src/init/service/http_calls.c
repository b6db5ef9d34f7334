/* SPDX-License-Identifier: MIT */
/* They read what strangers send: whoever takes one over by it is to find no more of the kernel than
 * serving takes. Any other call ends the process, which is one connection, or httpd itself: init
 * starts it again and says so.
 *
 * What busybox's httpd, api and musl were seen to call, and what they may call besides. No
 * chmod, no link, no unlink: there is no file that they could write to anyway. */
#include "http_calls.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static const struct seccomp_rule rules[] = {
	/* starting: fork and exec for each CGI */
	ALLOW(SYS_execve),
	REFUSE_IF(SYS_clone, EPERM, ARG_HAS(0, NEW_NAMESPACES)),
	ALLOW(SYS_clone),
	ALLOW(SYS_fork),
	ALLOW(SYS_vfork),
	ALLOW(SYS_wait4),
	ALLOW(SYS_arch_prctl),
	ALLOW(SYS_prctl), /* api: PR_SET_DUMPABLE */
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
	/* signals; abort, alarms */
	ALLOW(SYS_rt_sigaction),
	ALLOW(SYS_rt_sigprocmask),
	ALLOW(SYS_rt_sigreturn),
	ALLOW(SYS_kill),
	ALLOW(SYS_tkill),
	ALLOW(SYS_alarm),
	ALLOW(SYS_setitimer),
	ALLOW(SYS_nanosleep),
	ALLOW(SYS_restart_syscall),
	/* time, where the vDSO has no clock */
	ALLOW(SYS_time),
	ALLOW(SYS_gettimeofday),
	ALLOW(SYS_clock_gettime),
	/* memory */
	ALLOW(SYS_brk),
	ALLOW(SYS_mmap),
	ALLOW(SYS_munmap),
	ALLOW(SYS_mprotect),
	ALLOW(SYS_mremap),
	ALLOW(SYS_madvise),
	ALLOW(SYS_futex),
	/* files */
	ALLOW(SYS_open),
	ALLOW(SYS_openat),
	ALLOW(SYS_close),
	ALLOW(SYS_stat),
	ALLOW(SYS_lstat),
	ALLOW(SYS_fstat),
	ALLOW(SYS_newfstatat),
	ALLOW(SYS_access),
	ALLOW(SYS_chdir),
	ALLOW(SYS_getcwd),
	ALLOW(SYS_readlink),
	ALLOW(SYS_getdents64),
	ALLOW(SYS_lseek),
	ALLOW(SYS_fcntl),
	ALLOW(SYS_dup),
	ALLOW(SYS_dup2),
	ALLOW(SYS_dup3),
	/* bytes */
	ALLOW(SYS_pipe),
	ALLOW(SYS_pipe2),
	ALLOW(SYS_poll),
	ALLOW(SYS_read),
	ALLOW(SYS_readv),
	ALLOW(SYS_write),
	ALLOW(SYS_writev),
	ALLOW(SYS_sendfile),
	REFUSE(SYS_ioctl, ENOTTY), /* stdio asks whether its output is a terminal */
	/* the port, and squashd */
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_UNIX)),
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_INET)),
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_INET6)),
	ALLOW(SYS_setsockopt),
	ALLOW(SYS_bind),
	ALLOW(SYS_listen),
	ALLOW(SYS_accept),
	ALLOW(SYS_accept4),
	ALLOW(SYS_connect),
	ALLOW(SYS_getsockname),
	ALLOW(SYS_getpeername),
	ALLOW(SYS_sendto),
	ALLOW(SYS_sendmsg),
	ALLOW(SYS_recvfrom),
	ALLOW(SYS_recvmsg),
	ALLOW(SYS_shutdown),
};

const struct seccomp_table http_calls = {rules, sizeof(rules) / sizeof(rules[0]), 0};
