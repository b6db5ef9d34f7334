/* SPDX-License-Identifier: MIT */
/* A program may confine itself by filters of its own; Docker's, systemd's and Chromium's have some
 * hundred to two thousand instructions. The kernel keeps two things of each that are on nobody's
 * account: a copy of the program, and the machine code it was made into. In a thousand threads with
 * all that they may load that is half a gigabyte. There is no other limit than the sum over a
 * thread's filters, those inherited included. So squashd loads some that do nothing, once for
 * all: they are shared by all that it starts, and end with their first instruction. */
#include "filter_room.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As a filter counts when it is loaded (bpf_convert_filter(), net/core/filter.c): three to begin
 * with, two for each of these, and four for being another. 3 * 8199 + 3407 = 28,004. */
static const unsigned short lengths[] = {BPF_MAXINSNS, BPF_MAXINSNS, BPF_MAXINSNS, 1700};

int filter_room_limit(struct err *e)
{
	static struct sock_filter text[BPF_MAXINSNS];
	for (size_t i = 0; i < BPF_MAXINSNS; i++)
		text[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const struct sock_fprog program = {.len = lengths[i], .filter = text};
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
			return err_set(e, errno, "limit the room for filters");
	}
	return 0;
}
