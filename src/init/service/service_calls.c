/* SPDX-License-Identifier: MIT */
#include "service_calls.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define COUNT(rules) (sizeof(rules) / sizeof((rules)[0]))

/* What httpd and ntpd have in common: both are busybox, by musl. */

/* busybox makes sure that it is who called it. */
#define START_AND_END                                                                              \
	ALLOW(SYS_execve), ALLOW(SYS_arch_prctl), ALLOW(SYS_set_tid_address), ALLOW(SYS_getpid),   \
		ALLOW(SYS_gettid), ALLOW(SYS_getuid), ALLOW(SYS_getgid), ALLOW(SYS_geteuid),       \
		ALLOW(SYS_getegid), ALLOW(SYS_setgid), ALLOW(SYS_setuid), ALLOW(SYS_exit),         \
		ALLOW(SYS_exit_group)

/* tkill: a process to itself, by the signal that ended it, and abort. */
#define HANDLE_SIGNALS                                                                             \
	ALLOW(SYS_rt_sigaction), ALLOW(SYS_rt_sigprocmask), ALLOW(SYS_rt_sigreturn),               \
		ALLOW(SYS_tkill), ALLOW(SYS_restart_syscall)

/* Where the vDSO has no clock. */
#define READ_THE_CLOCK ALLOW(SYS_time), ALLOW(SYS_gettimeofday), ALLOW(SYS_clock_gettime)

#define USE_MEMORY                                                                                 \
	ALLOW(SYS_brk), ALLOW(SYS_mmap), ALLOW(SYS_munmap), ALLOW(SYS_mprotect),                   \
		ALLOW(SYS_mremap), ALLOW(SYS_madvise), ALLOW(SYS_futex)

/* ioctl: stdio asks whether its output is a terminal. */
#define USE_FILES                                                                                  \
	ALLOW(SYS_open), ALLOW(SYS_openat), ALLOW(SYS_close), ALLOW(SYS_fstat), ALLOW(SYS_lseek),  \
		ALLOW(SYS_fcntl), ALLOW(SYS_read), ALLOW(SYS_readv), ALLOW(SYS_write),             \
		ALLOW(SYS_writev), ALLOW(SYS_poll), REFUSE(SYS_ioctl, ENOTTY)

#define USE_SOCKETS                                                                                \
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_INET)), ALLOW_IF(SYS_socket, ARG_IS(0, AF_INET6)),       \
		ALLOW(SYS_setsockopt), ALLOW(SYS_bind), ALLOW(SYS_connect),                        \
		ALLOW(SYS_getsockname), ALLOW(SYS_sendto), ALLOW(SYS_sendmsg),                     \
		ALLOW(SYS_recvfrom), ALLOW(SYS_recvmsg)

/* httpd and api read what strangers send: whoever takes one over finds no more of the kernel than
 * serving takes. Any other call ends the process, which is one connection, or httpd itself: init
 * starts it again and says so.
 *
 * What busybox's httpd, api and musl were seen to call, and what they may call besides. No chmod,
 * no link, no unlink: there is no file that they could write to anyway. */
static const struct seccomp_rule http_rules[] = {
	START_AND_END,
	HANDLE_SIGNALS,
	READ_THE_CLOCK,
	USE_MEMORY,
	USE_FILES,
	/* squashd, and the port */
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_UNIX)),
	USE_SOCKETS,
	ALLOW(SYS_listen),
	ALLOW(SYS_accept),
	ALLOW(SYS_accept4),
	ALLOW(SYS_getpeername),
	ALLOW(SYS_shutdown),
	/* fork and exec for each CGI */
	REFUSE_IF(SYS_clone, EPERM, ARG_HAS(0, NEW_NAMESPACES)),
	ALLOW(SYS_clone),
	ALLOW(SYS_fork),
	ALLOW(SYS_vfork),
	ALLOW(SYS_wait4),
	ALLOW(SYS_prctl), /* api: PR_SET_DUMPABLE */
	ALLOW(SYS_kill),
	ALLOW(SYS_alarm),
	ALLOW(SYS_setitimer),
	ALLOW(SYS_nanosleep),
	/* the pages, and api */
	ALLOW(SYS_stat),
	ALLOW(SYS_lstat),
	ALLOW(SYS_newfstatat),
	ALLOW(SYS_access),
	ALLOW(SYS_chdir),
	ALLOW(SYS_getcwd),
	ALLOW(SYS_readlink),
	ALLOW(SYS_getdents64),
	ALLOW(SYS_dup),
	ALLOW(SYS_dup2),
	ALLOW(SYS_dup3),
	ALLOW(SYS_pipe),
	ALLOW(SYS_pipe2),
	ALLOW(SYS_sendfile),
};

const struct seccomp_table http_calls = {http_rules, COUNT(http_rules), 0};

/* ntpd reads what anybody may send to its port, and sets the clock by it: whoever takes it over has
 * that, and no more. Any other call ends it: init starts it again and says so.
 *
 * What busybox's ntpd and musl were seen to call, and what they may call besides: DNS by TCP, the
 * order of addresses (RFC 6724). No fork: it is given no script to run. */
static const struct seccomp_rule ntp_rules[] = {
	START_AND_END,
	HANDLE_SIGNALS,
	READ_THE_CLOCK,
	USE_MEMORY,
	USE_FILES, /* /etc/resolv.conf, /etc/hosts, and what it says */
	USE_SOCKETS,
	ALLOW(SYS_clock_settime),
	ALLOW(SYS_settimeofday),
	ALLOW(SYS_clock_adjtime),
	ALLOW(SYS_adjtimex),
	ALLOW(SYS_getrandom),
};

const struct seccomp_table ntp_calls = {ntp_rules, COUNT(ntp_rules), 0};

/* Doors to the kernel that neither squashd nor any program in a sandbox has a use for. It is a list
 * of what is refused: whatever a sandbox may call (payload_calls.c), which inherits this, must pass
 * here. For a call that is allowed whatever its arguments, two tables cost no more than one: the
 * kernel remembers such numbers for both. */
static const struct seccomp_rule squashd_rules[] = {
	/* another kernel, or more of this one */
	REFUSE(SYS_kexec_load, EPERM),
	REFUSE(SYS_kexec_file_load, EPERM),
	REFUSE(SYS_init_module, EPERM),
	REFUSE(SYS_finit_module, EPERM),
	REFUSE(SYS_delete_module, EPERM),
	/* the machine */
	REFUSE(SYS_reboot, EPERM),
	REFUSE(SYS_iopl, EPERM),
	REFUSE(SYS_ioperm, EPERM),
	REFUSE(SYS_swapon, EPERM),
	REFUSE(SYS_swapoff, EPERM),
	REFUSE(SYS_settimeofday, EPERM),
	REFUSE(SYS_clock_settime, EPERM),
	REFUSE(SYS_clock_adjtime, EPERM),
	REFUSE(SYS_syslog, EPERM),
	REFUSE(SYS_acct, EPERM),
	REFUSE(SYS_vhangup, EPERM),
	/* what exploits of the kernel are made with */
	REFUSE(SYS_perf_event_open, EPERM),
	REFUSE(SYS_userfaultfd, EPERM),
	REFUSE(SYS_io_uring_setup, ENOSYS),
	REFUSE(SYS_io_uring_enter, ENOSYS),
	REFUSE(SYS_io_uring_register, ENOSYS),
	REFUSE(SYS_modify_ldt, ENOSYS),
	REFUSE(SYS_add_key, EPERM),
	REFUSE(SYS_request_key, EPERM),
	REFUSE(SYS_migrate_pages, ENOSYS),
	REFUSE(SYS_move_pages, ENOSYS),
	/* files by other ways than their paths */
	REFUSE(SYS_open_by_handle_at, EPERM),
	REFUSE(SYS_fanotify_init, EPERM),
	/* what is left of old times */
	REFUSE(SYS_uselib, ENOSYS),
	REFUSE(SYS_ustat, ENOSYS),
	REFUSE(SYS_sysfs, ENOSYS),
	REFUSE(SYS_lookup_dcookie, ENOSYS),
};

const struct seccomp_table squashd_calls = {squashd_rules, COUNT(squashd_rules),
					    SECCOMP_REST_ALLOWED};
