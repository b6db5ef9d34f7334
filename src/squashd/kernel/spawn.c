/* SPDX-License-Identifier: MIT */
/* A child that goes into a sandbox's cgroup has memory of its own from its first instruction. If it
 * shared ours until execve, the kernel's choice of a victim in that cgroup would be a choice of us,
 * too: whoever shares a victim's memory dies with it (oom_kill(), mm/oom_kill.c), and takes on the
 * oom_score_adj that is written for one of them (proc_pid_oom_score_adj(5)). One page is common to
 * both, for the child's error and for when it has done execve. */
#include "spawn.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* clone3 returns twice; in the child on another stack, so no C code may stand between the system
 * call and the call of run. r12 and r13 survive the call (Linux clobbers rcx and r11 only). */
static long clone3_and_run(struct clone_args *args, int (*run)(void *, struct err *), void *arg)
{
	long result;
	register void *r12 __asm__("r12") = arg;
	register int (*r13)(void *, struct err *) __asm__("r13") = run;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t" /* the end of the stack, for debuggers */
			 "mov %%r12, %%rdi\n\t"
			 "xor %%esi, %%esi\n\t"
			 "call *%%r13\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(result)
			 : "0"((long)SYS_clone3), "D"(args), "S"(sizeof(*args)), "r"(r12),
			   "r"(r13), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	return result;
}

/* What the child and we have in common: shared memory without a file. tid is a robust mutex that
 * the child holds: when it does execve, or ends, however, the kernel writes FUTEX_OWNER_DIED there
 * and wakes us. Source: Documentation/locking/robust-futex-ABI.rst. */
struct common {
	struct err e;
	uint32_t tid;
	struct robust_list entry; /* of the one mutex */
	struct robust_list_head list;
};

static struct common *map_common(struct err *e)
{
	/* Once: the caller stands still while a child uses it. */
	static struct common *common;
	if (!common) {
		void *at = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED) {
			err_set(e, errno, "map memory for a child");
			return NULL;
		}
		common = at;
	}
	*common = (struct common){.tid = 0};
	return common;
}

static int run_child(const struct spawn *s, struct common *c)
{
	c->entry.next = &c->list.list;
	c->list.list.next = &c->entry;
	c->list.futex_offset =
		(long)offsetof(struct common, tid) - (long)offsetof(struct common, entry);
	/* clone3 has written our pid there, as we see it (CLONE_CHILD_SETTID). */
	__atomic_or_fetch(&c->tid, FUTEX_WAITERS, __ATOMIC_SEQ_CST);
	if (syscall(SYS_set_robust_list, &c->list, sizeof(c->list)) < 0) {
		err_set(&c->e, errno, "set_robust_list");
		return 1;
	}
	return s->run(s->arg, &c->e);
}

/* Until the child has done execve or ended. Not by CLONE_VFORK, which can't be interrupted: a
 * command that has become root of its sandbox can be stopped by who is there already, and would
 * keep us, and the sandbox's lock, for ever. Nobody stops it for a good reason. */
static void wait_until_apart(const uint32_t *tid, int pidfd)
{
	const struct timespec step = {.tv_nsec = 50000000L};
	for (;;) {
		siginfo_t change = {.si_pid = 0};
		uint32_t now = __atomic_load_n(tid, __ATOMIC_ACQUIRE);
		if (now & FUTEX_OWNER_DIED)
			return;
		if (syscall(SYS_futex, tid, FUTEX_WAIT, now, &step, NULL, 0) == 0 ||
		    errno != ETIMEDOUT)
			continue;
		int what = WSTOPPED | WEXITED | WNOHANG | WNOWAIT;
		if (waitid(P_PIDFD, (id_t)pidfd, &change, what) < 0 || change.si_pid == 0)
			continue;
		if (change.si_code != CLD_STOPPED)
			return; /* before it held the mutex */
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	}
}

static void set_cgroup(struct clone_args *args, int cgroup_fd)
{
	if (cgroup_fd < 0)
		return;
	args->flags |= CLONE_INTO_CGROUP;
	args->cgroup = (unsigned)cgroup_fd;
}

/* Blocks all signals: a handler of ours must not run in a child, which may share our memory. *old
 * is what was blocked before. */
static void block_signals(sigset_t *old)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, old);
}

pid_t spawn_until_exec(const struct spawn *s, int *pidfd, struct err *e)
{
	struct common *c = map_common(e);
	if (!c)
		return -e->number;
	struct clone_args args = {
		.flags = s->clone_flags | CLONE_PIDFD | CLONE_CHILD_SETTID,
		.child_tid = (uint64_t)(uintptr_t)&c->tid,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};
	sigset_t old;
	set_cgroup(&args, s->cgroup_fd);
	block_signals(&old);
	long pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(run_child(s, c));
	int failed = errno;
	if (pid > 0)
		wait_until_apart(&c->tid, *pidfd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return err_set(e, failed, "clone3");
	*e = c->e;
	return (pid_t)pid;
}

pid_t spawn_beside(const struct spawn *s, void *stack, size_t len, int *pidfd, struct err *e)
{
	struct clone_args args = {
		.flags = s->clone_flags | CLONE_VM | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)(uintptr_t)stack,
		.stack_size = len,
	};
	sigset_t old;
	set_cgroup(&args, s->cgroup_fd);
	block_signals(&old);
	long pid = clone3_and_run(&args, s->run, s->arg);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return err_set(e, (int)-pid, "clone3");
	return (pid_t)pid;
}
