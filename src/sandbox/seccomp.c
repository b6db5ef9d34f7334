/* SPDX-License-Identifier: MIT */
/* The program is a chain, two instructions a rule. Its length costs little: for calls that are
 * allowed whatever their arguments, the kernel (5.11 on) runs it once and keeps the answer. */
#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define X32_BIT 0x40000000 /* __X32_SYSCALL_BIT of <asm/unistd.h> */

enum { HEAD = 5, TAIL = 1, PROGRAM = HEAD + 2 * SECCOMP_RULES + TAIL };

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Skip so many instructions if what was loaded is test value, and so many if it isn't. */
static struct sock_filter skip(uint16_t test, uint32_t value, uint8_t if_so, uint8_t if_not)
{
	return (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | test | BPF_K), value, if_so,
					    if_not);
}

static struct sock_filter give(uint32_t action)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

static size_t assemble(struct sock_filter program[PROGRAM], const struct seccomp_rule *rules,
		       size_t count)
{
	size_t n = 0;
	/* Numbers mean something else on other architectures. */
	program[n++] = load(offsetof(struct seccomp_data, arch));
	program[n++] = skip(BPF_JEQ, AUDIT_ARCH_X86_64, 0, 2);
	program[n++] = load(offsetof(struct seccomp_data, nr));
	program[n++] = skip(BPF_JGE, X32_BIT, 0, 1);
	program[n++] = give(SECCOMP_RET_KILL_PROCESS);
	for (size_t i = 0; i < count; i++) {
		program[n++] = skip(BPF_JEQ, rules[i].number, 0, 1);
		program[n++] = give(rules[i].error ? SECCOMP_RET_ERRNO | (uint32_t)rules[i].error
						   : SECCOMP_RET_ALLOW);
	}
	program[n++] = give(SECCOMP_RET_KILL_PROCESS);
	return n;
}

int seccomp_load(const struct seccomp_rule *rules, size_t count, struct err *e)
{
	struct sock_filter program[PROGRAM];
	if (count > SECCOMP_RULES)
		return err_say(e, EINVAL, "%zu seccomp rules: too many", count);
	struct sock_fprog all = {.filter = program};
	all.len = (unsigned short)assemble(program, rules, count);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "set no_new_privs");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &all) < 0)
		return err_set(e, errno, "load seccomp filter");
	return 0;
}
