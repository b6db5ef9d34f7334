/* SPDX-License-Identifier: MIT */
/* The process that mksquashfs becomes: alone with a tree to read and a file to write. */
#ifndef SQUASH_SQUASHD_BOX_JAIL_H
#define SQUASH_SQUASHD_BOX_JAIL_H

#include <stdint.h>

#include "lib/err.h"

/* Namespaces that the process is to be born in (spawn.h). */
#define JAIL_CLONE_FLAGS (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

struct jail {
	int lock_fd;        /* our parent's lock, closed first: with him it is to go */
	int program_fd;     /* mksquashfs, O_PATH */
	int tree_fd;        /* detached mounts: of the tree, */
	int out_fd;         /* and of the file to write to */
	int talk_fd;        /* what it says goes here: a pipe that nobody but our parent reads */
	uint64_t max_bytes; /* of the file; 0: no limit */
	uint64_t memory_mb; /* that its buffers may take */
};

/* For spawn_until_exec; arg is a struct jail. Returns only when it has failed, with e filled. */
int jail_become_mksquashfs(void *arg, struct err *e);

#endif
