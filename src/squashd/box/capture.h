/* SPDX-License-Identifier: MIT */
/* Turning a sandbox's upper into a squashfs file. The tree was made by strangers: mksquashfs walks
 * it in a process that sees nothing else, and that can do little with what it sees. */
#ifndef SQUASH_SQUASHD_BOX_CAPTURE_H
#define SQUASH_SQUASHD_BOX_CAPTURE_H

#include <stdint.h>

#include "lib/err.h"
#include "squashd/sandbox.h"

/* Once, at squashd's start: the cgroup that captures run in. Its descriptor, or -errno. */
int capture_make_root(struct err *e);

/* Write the sandbox's upper as a squashfs to out_fd (an empty regular file with a name, open for
 * writing; borrowed), of at most max_bytes (0: no limit but the disk's). Nothing of the sandbox
 * runs meanwhile. dir_fd is its directory, locked. 0; -ENOSPC when it does not fit; -ECANCELED
 * after capture_cancel; another -errno; out_fd holds anything then. Whatever happens, no process
 * and no cgroup stays; if the caller dies, the process does. */
int capture_upper(const struct server *s, const struct sandbox *sb, int dir_fd, int out_fd,
		  uint64_t max_bytes, struct err *e);

/* End the capture of that sandbox that is under way, if there is one; does not wait. */
void capture_cancel(const struct server *s, const char *id);

/* Remove cgroups that captures cut off have left. */
void capture_sweep(const struct server *s);

#endif
