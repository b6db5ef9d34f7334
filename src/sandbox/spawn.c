/* SPDX-License-Identifier: MIT */
#include "spawn.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

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

static pid_t start(const struct spawn *s, uint64_t flags, void *stack, size_t len, int *pidfd,
		   struct err *e)
{
	struct clone_args args = {
		.flags = s->clone_flags | flags | CLONE_VM | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)(uintptr_t)stack,
		.stack_size = len,
	};
	if (s->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)s->cgroup_fd;
	}
	/* A handler must not run in the child: it would see our memory from another process. */
	sigset_t all, old;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	long pid = clone3_and_run(&args, s->run, s->arg);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return err_set(e, (int)-pid, "clone3");
	return (pid_t)pid;
}

pid_t spawn_until_exec(const struct spawn *s, int *pidfd, struct err *e)
{
	/* CLONE_VFORK: the parent stands still while the child uses this, so one is enough. */
	static char stack[STACK_BYTES] __attribute__((aligned(16)));
	return start(s, CLONE_VFORK, stack, sizeof(stack), pidfd, e);
}

pid_t spawn_beside(const struct spawn *s, void *stack, size_t len, int *pidfd, struct err *e)
{
	return start(s, 0, stack, len, pidfd, e);
}
