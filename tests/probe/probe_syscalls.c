/* SPDX-License-Identifier: MIT */
/* Every number of the x86-64 table, tried. The arguments are -1 throughout: what is let through
 * fails for them, or waits, or does no harm in a process that ends at once. */
#include "probe.h"

#include <asm/unistd.h>
#include <errno.h>
#include <stdio.h>

#define LAST 547 /* the x32 ABI's last: numbers above 335 that have a name end at 462, for now */

enum rule { NONE, ALLOW, REFUSE, SKIP };

struct row {
	enum rule rule;
	int error;
	const char *name;
	const char *why; /* it is not tried */
	long argument;   /* the second, if that isn't to be -1 */
};

#define ALLOWED(call) ALLOWED_AT(__NR_##call, call)
#define REFUSED(call, error) REFUSED_AT(__NR_##call, call, error)
#define SKIPPED(call, why) SKIPPED_AT(__NR_##call, call, why)
/* Those that the headers of the host which checks our sources don't have. */
#define ALLOWED_AT(number, call) [number] = {ALLOW, LET_THROUGH, #call, NULL, -1}
#define REFUSED_AT(number, call, error) [number] = {REFUSE, error, #call, NULL, -1}
#define SKIPPED_AT(number, call, why) [number] = {SKIP, 0, #call, why, -1}
/* Of a number that it doesn't know, the kernel itself says ENOSYS. */
#define ALLOWED_WITH(call, second) [__NR_##call] = {ALLOW, LET_THROUGH, #call, NULL, second}

static const struct row table[LAST + 1] = {
	ALLOWED(read), ALLOWED(write), ALLOWED(open), ALLOWED(close), ALLOWED(stat), ALLOWED(fstat),
	ALLOWED(lstat), ALLOWED(poll), ALLOWED(lseek), ALLOWED(mmap), ALLOWED(mprotect),
	ALLOWED(munmap), ALLOWED(brk), ALLOWED(rt_sigaction), ALLOWED(rt_sigprocmask),
	SKIPPED(rt_sigreturn, "restores registers from the stack: every handled signal does"),
	ALLOWED(ioctl), ALLOWED(pread64), ALLOWED(pwrite64), ALLOWED(readv), ALLOWED(writev),
	ALLOWED(access), ALLOWED(pipe), ALLOWED(select), ALLOWED(sched_yield), ALLOWED(mremap),
	ALLOWED(msync), ALLOWED(mincore), ALLOWED(madvise), ALLOWED(shmget), ALLOWED(shmat),
	ALLOWED(shmctl), ALLOWED(dup), ALLOWED(dup2), ALLOWED(pause), ALLOWED(nanosleep),
	ALLOWED(getitimer), ALLOWED(alarm), ALLOWED(setitimer), ALLOWED(getpid), ALLOWED(sendfile),
	REFUSED(socket, EAFNOSUPPORT), ALLOWED(connect), ALLOWED(accept), ALLOWED(sendto),
	ALLOWED(recvfrom), ALLOWED(sendmsg), ALLOWED(recvmsg), ALLOWED(shutdown), ALLOWED(bind),
	ALLOWED(listen), ALLOWED(getsockname), ALLOWED(getpeername),
	REFUSED(socketpair, EOPNOTSUPP), ALLOWED(setsockopt), ALLOWED(getsockopt),
	REFUSED(clone, EPERM), SKIPPED(fork, "every probe forks"),
	SKIPPED(vfork, "the child would run on in its parent's stack"), ALLOWED(execve),
	SKIPPED(exit, "ends the process, as every command here does"), ALLOWED(wait4),
	ALLOWED(kill), ALLOWED(uname), ALLOWED(semget), ALLOWED(semop), ALLOWED(semctl),
	ALLOWED(shmdt), ALLOWED(msgget), ALLOWED(msgsnd), ALLOWED(msgrcv), ALLOWED(msgctl),
	ALLOWED(fcntl), ALLOWED(flock), ALLOWED(fsync), ALLOWED(fdatasync), ALLOWED(truncate),
	ALLOWED(ftruncate), ALLOWED(getdents), ALLOWED(getcwd), ALLOWED(chdir), ALLOWED(fchdir),
	ALLOWED(rename), ALLOWED(mkdir), ALLOWED(rmdir), ALLOWED(creat), ALLOWED(link),
	ALLOWED(unlink), ALLOWED(symlink), ALLOWED(readlink), ALLOWED(chmod), ALLOWED(fchmod),
	ALLOWED(chown), ALLOWED(fchown), ALLOWED(lchown), ALLOWED(umask), ALLOWED(gettimeofday),
	ALLOWED(getrlimit), ALLOWED(getrusage), ALLOWED(sysinfo), ALLOWED(times), ALLOWED(ptrace),
	ALLOWED(getuid), REFUSED(syslog, EPERM), ALLOWED(getgid), ALLOWED(setuid), ALLOWED(setgid),
	ALLOWED(geteuid), ALLOWED(getegid), ALLOWED(setpgid), ALLOWED(getppid), ALLOWED(getpgrp),
	ALLOWED(setsid), ALLOWED(setreuid), ALLOWED(setregid), ALLOWED(getgroups),
	ALLOWED(setgroups), ALLOWED(setresuid), ALLOWED(getresuid), ALLOWED(setresgid),
	ALLOWED(getresgid), ALLOWED(getpgid), ALLOWED(setfsuid), ALLOWED(setfsgid), ALLOWED(getsid),
	ALLOWED(capget), ALLOWED(capset), ALLOWED(rt_sigpending), ALLOWED(rt_sigtimedwait),
	ALLOWED(rt_sigqueueinfo), ALLOWED(rt_sigsuspend), ALLOWED(sigaltstack), ALLOWED(utime),
	ALLOWED(mknod), REFUSED(uselib, ENOSYS), ALLOWED(personality), REFUSED(ustat, ENOSYS),
	ALLOWED(statfs), ALLOWED(fstatfs), REFUSED(sysfs, ENOSYS), ALLOWED(getpriority),
	ALLOWED(setpriority), ALLOWED(sched_setparam), ALLOWED(sched_getparam),
	ALLOWED(sched_setscheduler), ALLOWED(sched_getscheduler), ALLOWED(sched_get_priority_max),
	ALLOWED(sched_get_priority_min), ALLOWED(sched_rr_get_interval), ALLOWED(mlock),
	ALLOWED(munlock), ALLOWED(mlockall), ALLOWED(munlockall), REFUSED(vhangup, EPERM),
	REFUSED(modify_ldt, ENOSYS), REFUSED(pivot_root, EPERM), REFUSED(_sysctl, ENOSYS),
	ALLOWED(prctl), ALLOWED(arch_prctl), ALLOWED(adjtimex), ALLOWED(setrlimit), ALLOWED(chroot),
	ALLOWED(sync), REFUSED(acct, EPERM), REFUSED(settimeofday, EPERM), REFUSED(mount, EPERM),
	REFUSED(umount2, EPERM), REFUSED(swapon, EPERM), REFUSED(swapoff, EPERM),
	REFUSED(reboot, EPERM), REFUSED(sethostname, EPERM), REFUSED(setdomainname, EPERM),
	REFUSED(iopl, EPERM), REFUSED(ioperm, EPERM), REFUSED(create_module, ENOSYS),
	REFUSED(init_module, EPERM), REFUSED(delete_module, EPERM),
	REFUSED(get_kernel_syms, ENOSYS), REFUSED(query_module, ENOSYS), REFUSED(quotactl, EPERM),
	REFUSED(nfsservctl, ENOSYS), REFUSED(getpmsg, ENOSYS), REFUSED(putpmsg, ENOSYS),
	REFUSED(afs_syscall, ENOSYS), REFUSED(tuxcall, ENOSYS), REFUSED(security, ENOSYS),
	ALLOWED(gettid), ALLOWED(readahead), ALLOWED(setxattr), ALLOWED(lsetxattr),
	ALLOWED(fsetxattr), ALLOWED(getxattr), ALLOWED(lgetxattr), ALLOWED(fgetxattr),
	ALLOWED(listxattr), ALLOWED(llistxattr), ALLOWED(flistxattr), ALLOWED(removexattr),
	ALLOWED(lremovexattr), ALLOWED(fremovexattr), ALLOWED(tkill), ALLOWED(time),
	ALLOWED_WITH(futex, 1), /* FUTEX_WAKE */
	ALLOWED(sched_setaffinity), ALLOWED(sched_getaffinity), REFUSED(set_thread_area, ENOSYS),
	REFUSED(io_setup, ENOSYS), REFUSED(io_destroy, ENOSYS), REFUSED(io_getevents, ENOSYS),
	REFUSED(io_submit, ENOSYS), REFUSED(io_cancel, ENOSYS), REFUSED(get_thread_area, ENOSYS),
	REFUSED(lookup_dcookie, ENOSYS), ALLOWED(epoll_create), REFUSED(epoll_ctl_old, ENOSYS),
	REFUSED(epoll_wait_old, ENOSYS), REFUSED(remap_file_pages, ENOSYS), ALLOWED(getdents64),
	ALLOWED(set_tid_address), ALLOWED(restart_syscall), ALLOWED(semtimedop), ALLOWED(fadvise64),
	ALLOWED(timer_create), ALLOWED(timer_settime), ALLOWED(timer_gettime),
	ALLOWED(timer_getoverrun), ALLOWED(timer_delete), REFUSED(clock_settime, EPERM),
	ALLOWED(clock_gettime), ALLOWED(clock_getres), ALLOWED(clock_nanosleep),
	SKIPPED(exit_group, "likewise"), ALLOWED(epoll_wait), ALLOWED(epoll_ctl), ALLOWED(tgkill),
	ALLOWED(utimes), REFUSED(vserver, ENOSYS), REFUSED(mbind, ENOSYS),
	REFUSED(set_mempolicy, ENOSYS), REFUSED(get_mempolicy, ENOSYS), ALLOWED(mq_open),
	ALLOWED(mq_unlink), ALLOWED(mq_timedsend), ALLOWED(mq_timedreceive), ALLOWED(mq_notify),
	ALLOWED(mq_getsetattr), REFUSED(kexec_load, EPERM), ALLOWED(waitid),
	REFUSED(add_key, EPERM), REFUSED(request_key, EPERM), REFUSED(keyctl, EPERM),
	ALLOWED(ioprio_set), ALLOWED(ioprio_get), ALLOWED(inotify_init), ALLOWED(inotify_add_watch),
	ALLOWED(inotify_rm_watch), REFUSED(migrate_pages, ENOSYS), ALLOWED(openat),
	ALLOWED(mkdirat), ALLOWED(mknodat), ALLOWED(fchownat), ALLOWED(futimesat),
	ALLOWED(newfstatat), ALLOWED(unlinkat), ALLOWED(renameat), ALLOWED(linkat),
	ALLOWED(symlinkat), ALLOWED(readlinkat), ALLOWED(fchmodat), ALLOWED(faccessat),
	ALLOWED(pselect6), ALLOWED(ppoll), REFUSED(unshare, EPERM), ALLOWED(set_robust_list),
	ALLOWED(get_robust_list), ALLOWED(splice), ALLOWED(tee), ALLOWED(sync_file_range),
	REFUSED(vmsplice, ENOSYS), REFUSED(move_pages, ENOSYS), ALLOWED(utimensat),
	ALLOWED(epoll_pwait), ALLOWED(signalfd), ALLOWED(timerfd_create), ALLOWED(eventfd),
	ALLOWED(fallocate), ALLOWED(timerfd_settime), ALLOWED(timerfd_gettime), ALLOWED(accept4),
	ALLOWED(signalfd4), ALLOWED(eventfd2), ALLOWED(epoll_create1), ALLOWED(dup3),
	ALLOWED(pipe2), ALLOWED(inotify_init1), ALLOWED(preadv), ALLOWED(pwritev),
	ALLOWED(rt_tgsigqueueinfo), REFUSED(perf_event_open, EPERM), ALLOWED(recvmmsg),
	REFUSED(fanotify_init, EPERM), REFUSED(fanotify_mark, ENOSYS), ALLOWED(prlimit64),
	ALLOWED(name_to_handle_at), REFUSED(open_by_handle_at, EPERM),
	REFUSED(clock_adjtime, EPERM), ALLOWED(syncfs), ALLOWED(sendmmsg), REFUSED(setns, EPERM),
	ALLOWED(getcpu), ALLOWED(process_vm_readv), ALLOWED(process_vm_writev),
	REFUSED(kcmp, ENOSYS), REFUSED(finit_module, EPERM), ALLOWED(sched_setattr),
	ALLOWED(sched_getattr), ALLOWED(renameat2), ALLOWED(seccomp), ALLOWED(getrandom),
	ALLOWED(memfd_create), REFUSED(kexec_file_load, EPERM), REFUSED(bpf, EPERM),
	ALLOWED(execveat), REFUSED(userfaultfd, EPERM), ALLOWED(membarrier), ALLOWED(mlock2),
	ALLOWED(copy_file_range), ALLOWED(preadv2), ALLOWED(pwritev2), ALLOWED(pkey_mprotect),
	ALLOWED(pkey_alloc), ALLOWED(pkey_free), ALLOWED(statx), REFUSED(io_pgetevents, ENOSYS),
	ALLOWED(rseq),
	SKIPPED_AT(335, uretprobe, "passes every filter, and ends who calls it by SIGILL"),
	ALLOWED(pidfd_send_signal), REFUSED(io_uring_setup, ENOSYS),
	REFUSED(io_uring_enter, ENOSYS), REFUSED(io_uring_register, ENOSYS),
	REFUSED(open_tree, EPERM), REFUSED(move_mount, EPERM), REFUSED(fsopen, EPERM),
	REFUSED(fsconfig, EPERM), REFUSED(fsmount, EPERM), REFUSED(fspick, EPERM),
	ALLOWED(pidfd_open), REFUSED(clone3, ENOSYS), ALLOWED(close_range), ALLOWED(openat2),
	REFUSED(pidfd_getfd, ENOSYS), ALLOWED(faccessat2), REFUSED(process_madvise, ENOSYS),
	ALLOWED(epoll_pwait2), REFUSED(mount_setattr, EPERM), REFUSED(quotactl_fd, EPERM),
	ALLOWED(landlock_create_ruleset), ALLOWED(landlock_add_rule),
	/* The kernel's own: it wants no_new_privs or CAP_SYS_ADMIN. */
	REFUSED(landlock_restrict_self, EPERM), REFUSED(memfd_secret, ENOSYS),
	REFUSED(process_mrelease, ENOSYS), ALLOWED(futex_waitv),
	REFUSED(set_mempolicy_home_node, ENOSYS), REFUSED_AT(451, cachestat, ENOSYS),
	ALLOWED_AT(452, fchmodat2), ALLOWED_AT(453, map_shadow_stack), ALLOWED_AT(454, futex_wake),
	ALLOWED_AT(455, futex_wait), ALLOWED_AT(456, futex_requeue),
	REFUSED_AT(457, statmount, ENOSYS), REFUSED_AT(458, listmount, ENOSYS),
	REFUSED_AT(459, lsm_get_self_attr, ENOSYS), REFUSED_AT(460, lsm_set_self_attr, ENOSYS),
	REFUSED_AT(461, lsm_list_modules, ENOSYS), ALLOWED_AT(462, mseal)};

static const long minus[6] = {-1, -1, -1, -1, -1, -1};

/* Numbers that mean nothing, from first to just before end: one line for all. */
static void try_hole(long first, long end)
{
	char name[96];
	long wrong = -1;
	struct outcome o = {.how = RETURNED, .number = ENOSYS};
	for (long number = first; number < end && wrong < 0; number++) {
		o = probe_try(ABI_X86_64, number, minus, LET_THROUGH);
		if (o.how != RETURNED || o.number != ENOSYS)
			wrong = number;
	}
	if (wrong < 0)
		snprintf(name, sizeof(name), "numbers %ld to %ld, which none has", first, end - 1);
	else
		snprintf(name, sizeof(name), "number %ld, which none has", wrong);
	probe_outcome(name, &o, ENOSYS);
}

static void try_row(long number, const struct row *row)
{
	char name[64];
	snprintf(name, sizeof(name), "%ld %s", number, row->name);
	if (row->rule == SKIP) {
		probe_report(true, name, "not tried: %s", row->why);
		return;
	}
	const long args[6] = {-1, row->argument, -1, -1, -1, -1};
	struct outcome o = probe_try(ABI_X86_64, number, args, LET_THROUGH);
	probe_outcome(name, &o, row->error);
}

void probe_syscalls(void)
{
	for (long number = 0; number <= LAST; number++) {
		long end = number;
		while (end <= LAST && table[end].rule == NONE)
			end++;
		if (end > number)
			try_hole(number, end);
		if (end <= LAST)
			try_row(end, &table[end]);
		number = end;
	}
	try_hole(0x3ffffff0, 0x40000000);
}

/* The same numbers by other doors. i386: asm/unistd_32.h. */
void probe_abis(void)
{
	static const struct {
		const char *name;
		enum probe_abi abi;
		long number;
	} calls[] = {
		{"i386 getpid", ABI_I386, 20},       {"i386 mount", ABI_I386, 21},
		{"i386 ptrace", ABI_I386, 26},       {"i386 socketcall", ABI_I386, 102},
		{"i386 init_module", ABI_I386, 128}, {"i386 keyctl", ABI_I386, 288},
		{"i386 unshare", ABI_I386, 310},     {"i386 bpf", ABI_I386, 357},
		{"i386 vm86", ABI_I386, 166},        {"x32 read", ABI_X32, 0},
		{"x32 getpid", ABI_X32, 39},         {"x32 mount", ABI_X32, 165},
		{"x32 ptrace", ABI_X32, 521},        {"x32 execve", ABI_X32, 520},
		{"x32 ioctl", ABI_X32, 514},         {"x32 unshare", ABI_X32, 272},
		{"x32 keyctl", ABI_X32, 250},        {"x32 -1", ABI_X32, 0x3fffffff},
	};
	for (size_t i = 0; i < COUNT(calls); i++) {
		struct outcome o = probe_try(calls[i].abi, calls[i].number, minus, LET_THROUGH);
		probe_outcome(calls[i].name, &o, ENOSYS);
	}
}
