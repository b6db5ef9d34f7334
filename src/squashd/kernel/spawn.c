/* SPDX-License-Identifier: MIT */
#include "spawn.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES 65536 /* the deepest child assembles a seccomp program: 20 KiB */

/* clone3 returns twice; in the child on another stack, so no C code may stand between the system
 * call and the call of run. r12 and r13 survive the call (Linux clobbers rcx and r11 only). */
static long clone3_and_run(struct clone_args *args, int (*run)(void *), void *arg)
{
	long result;
	register void *r12 __asm__("r12") = arg;
	register int (*r13)(void *) __asm__("r13") = run;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t" /* the end of the stack, for debuggers */
			 "mov %%r12, %%rdi\n\t"
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

/* futex(2), but for errno, which the child has in common with us. */
static void sleep_while(const uint32_t *word, uint32_t value, const struct timespec *longest)
{
	long result;
	register const struct timespec *r10 __asm__("r10") = longest;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_futex), "D"(word), "S"((long)FUTEX_WAIT), "d"((long)value),
			   "r"(r10)
			 : "rcx", "r11", "memory");
}

/* Until the child has done execve or ended. Not by CLONE_VFORK, which can't be interrupted: a
 * command that has become root of its sandbox can be stopped by who is there already, and would
 * keep us, and the sandbox's lock, for ever. Nobody stops it for a good reason. */
static void wait_until_apart(const uint32_t *shares, int pidfd)
{
	const struct timespec step = {.tv_nsec = 50000000L};
	while (__atomic_load_n(shares, __ATOMIC_ACQUIRE)) {
		siginfo_t change = {.si_pid = 0};
		sleep_while(shares, 1, &step);
		if (waitid(P_PIDFD, (id_t)pidfd, &change, WSTOPPED | WNOHANG) == 0 && change.si_pid)
			syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	}
}

/* With shares the kernel sets that to 0, and wakes who sleeps on it, when the child shares our
 * memory no longer (set_tid_address(2)), and this returns then. */
static pid_t start(const struct spawn *s, uint32_t *shares, void *stack, size_t len, int *pidfd,
		   struct err *e)
{
	struct clone_args args = {
		.flags = s->clone_flags | CLONE_VM | CLONE_PIDFD |
			 (shares ? CLONE_CHILD_CLEARTID : 0),
		.child_tid = (uint64_t)(uintptr_t)shares,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)(uintptr_t)stack,
		.stack_size = len,
	};
	if (s->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)s->cgroup_fd;
	}
	/* A handler must not run in the child: it would see our memory from another process. Nor in
	 * us, as long as the child uses it. */
	sigset_t all, old;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	long pid = clone3_and_run(&args, s->run, s->arg);
	if (pid > 0 && shares)
		wait_until_apart(shares, *pidfd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return err_set(e, (int)-pid, "clone3");
	return (pid_t)pid;
}

pid_t spawn_until_exec(const struct spawn *s, int *pidfd, struct err *e)
{
	/* The parent stands still while the child uses these, so one of each is enough. */
	static char stack[STACK_BYTES] __attribute__((aligned(16)));
	static uint32_t shares;
	shares = 1;
	return start(s, &shares, stack, sizeof(stack), pidfd, e);
}

pid_t spawn_beside(const struct spawn *s, void *stack, size_t len, int *pidfd, struct err *e)
{
	return start(s, NULL, stack, len, pidfd, e);
}
