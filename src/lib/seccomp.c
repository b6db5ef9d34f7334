/* SPDX-License-Identifier: MIT */
/* The program is a binary search for the call's number among runs of numbers that are treated
 * alike. When it is loaded, the kernel (5.11 on) runs it once for each number, to remember which
 * are allowed whatever their arguments (it isn't run for these again): as a chain of comparisons it
 * would take ten times as long to load, which each exec does. */
#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Numbers are below; x32's begin at 0x40000000, and so are in the last run. */
#define NUMBERS 512
#define PROGRAM 512 /* instructions: two a run, and those that look at arguments */

struct program {
	struct sock_filter text[PROGRAM];
	size_t len;
	bool too_long; /* for its room, or for a jump, which skips 255 at most */
};

/* Numbers from first up to where the next run begins. */
struct run {
	uint32_t first;
	const struct seccomp_rule *rule; /* NULL: not in the table */
	uint32_t action;                 /* if it has no conditions */
};

static void add(struct program *p, struct sock_filter instruction)
{
	if (p->len == PROGRAM)
		p->too_long = true;
	else
		p->text[p->len++] = instruction;
}

static void add_load(struct program *p, size_t offset)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void add_give(struct program *p, uint32_t action)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* A jump to be aimed later. Its place. */
static size_t add_test(struct program *p, uint16_t test, uint32_t value)
{
	add(p, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | test | BPF_K), value, 0, 0));
	return p->len - 1;
}

/* Have the jump go to what is added next, if the test's result is so. */
static void aim(struct program *p, size_t at, bool if_so)
{
	size_t skip = p->len - at - 1;
	if (skip > 255)
		p->too_long = true;
	else if (if_so)
		p->text[at].jt = (uint8_t)skip;
	else
		p->text[at].jf = (uint8_t)skip;
}

/* For what no table knows. */
static uint32_t action_abroad(const struct seccomp_table *t)
{
	int error = t->otherwise == SECCOMP_REST_ALLOWED ? ENOSYS : t->otherwise;
	return error ? SECCOMP_RET_ERRNO | (uint32_t)error : SECCOMP_RET_KILL_PROCESS;
}

static uint32_t otherwise(const struct seccomp_table *t)
{
	return t->otherwise == SECCOMP_REST_ALLOWED ? SECCOMP_RET_ALLOW : action_abroad(t);
}

static bool is_conditional(const struct seccomp_rule *rule)
{
	return rule->all[0].test != SECCOMP_ANY;
}

static uint32_t action_of(const struct seccomp_table *t, const struct seccomp_rule *rule)
{
	if (!rule)
		return otherwise(t);
	return rule->error ? SECCOMP_RET_ERRNO | (uint32_t)rule->error : SECCOMP_RET_ALLOW;
}

static void add_conditional(struct program *p, const struct seccomp_table *t,
			    const struct seccomp_rule *rule)
{
	static const uint16_t codes[] = {
		[SECCOMP_IS] = BPF_JEQ,
		[SECCOMP_HAS_ANY_BIT] = BPF_JSET,
		[SECCOMP_ABOVE] = BPF_JGT,
	};
	enum { CONDITIONS = sizeof(rule->all) / sizeof(rule->all[0]) };
	size_t tests[CONDITIONS], count = 0;
	for (; count < CONDITIONS && rule->all[count].test != SECCOMP_ANY; count++) {
		const struct seccomp_condition *c = &rule->all[count];
		add_load(p, offsetof(struct seccomp_data, args) + c->argument * sizeof(uint64_t));
		tests[count] = add_test(p, codes[c->test], c->value);
	}
	add_give(p, action_of(t, rule));
	for (size_t i = 0; i < count; i++)
		aim(p, tests[i], false);
}

static void add_run(struct program *p, const struct seccomp_table *t, const struct run *run)
{
	const struct seccomp_rule *rule = run->rule, *end = t->rules + t->count;
	if (!rule || !is_conditional(rule)) {
		add_give(p, run->action);
		return;
	}
	for (; rule < end && rule->number == run->first; rule++) {
		if (!is_conditional(rule)) {
			add_give(p, action_of(t, rule));
			return;
		}
		add_conditional(p, t, rule);
	}
	add_give(p, otherwise(t));
}

static void add_search(struct program *p, const struct seccomp_table *t, const struct run *runs,
		       size_t count)
{
	if (count == 1) {
		add_run(p, t, runs);
		return;
	}
	size_t half = count / 2;
	size_t at = add_test(p, BPF_JGE, runs[half].first);
	add_search(p, t, runs, half);
	aim(p, at, true);
	add_search(p, t, runs + half, count - half);
}

/* The runs' number, or 0 for a table that is in error. */
static size_t find_runs(const struct seccomp_table *t, struct run runs[NUMBERS + 1])
{
	const struct seccomp_rule *first[NUMBERS + 1] = {NULL}; /* the last stands for all above */
	for (size_t i = 0; i < t->count; i++) {
		const struct seccomp_rule *rule = &t->rules[i];
		if (rule->number >= NUMBERS)
			return 0;
		if (!first[rule->number])
			first[rule->number] = rule;
		else if (rule[-1].number != rule->number)
			return 0;
	}
	size_t count = 0;
	for (uint32_t n = 0; n <= NUMBERS; n++) {
		const struct run *last = count ? &runs[count - 1] : NULL;
		uint32_t action = n < NUMBERS ? action_of(t, first[n]) : action_abroad(t);
		bool alike = last && (!first[n] || !is_conditional(first[n])) &&
			     (!last->rule || !is_conditional(last->rule)) && action == last->action;
		if (!alike)
			runs[count++] =
				(struct run){.first = n, .rule = first[n], .action = action};
	}
	return count;
}

static int assemble(struct program *p, const struct seccomp_table *t, struct err *e)
{
	struct run runs[NUMBERS + 1];
	size_t count = find_runs(t, runs);
	if (count == 0)
		return err_say(e, EINVAL, "a seccomp table is out of order");
	p->len = 0;
	p->too_long = false;
	/* Numbers mean something else on other architectures. */
	add_load(p, offsetof(struct seccomp_data, arch));
	size_t native = add_test(p, BPF_JEQ, AUDIT_ARCH_X86_64);
	add_give(p, action_abroad(t));
	aim(p, native, true);
	add_load(p, offsetof(struct seccomp_data, nr));
	add_search(p, t, runs, count);
	return p->too_long ? err_say(e, E2BIG, "a seccomp table is too long") : 0;
}

int seccomp_load(const struct seccomp_table *t, struct err *e)
{
	struct program p;
	int rc = assemble(&p, t, e);
	if (rc < 0)
		return rc;
	struct sock_fprog all = {.len = (unsigned short)p.len, .filter = p.text};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &all) < 0)
		return err_set(e, errno, "load seccomp filter");
	return 0;
}

int seccomp_confine(const struct seccomp_table *t, struct err *e)
{
	signal(SIGPIPE, SIG_IGN);
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_set(e, errno, "PR_SET_DUMPABLE");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "PR_SET_NO_NEW_PRIVS");
	return seccomp_load(t, e);
}
