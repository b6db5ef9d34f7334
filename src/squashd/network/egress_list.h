/* SPDX-License-Identifier: MIT */
/* What a sandbox may reach: its allow_net, read. */
#ifndef SQUASH_SQUASHD_NETWORK_EGRESS_LIST_H
#define SQUASH_SQUASHD_NETWORK_EGRESS_LIST_H

#include <stddef.h>

#include "lib/allow.h"
#include "squashd/sandbox.h"

struct egress_list {
	size_t count; /* 0: nothing, and no process is needed */
	struct allow all[LIMIT_ALLOW_NET];
	const char *texts[LIMIT_ALLOW_NET]; /* as they were written, borrowed from the sandbox */
};

/* Entries that allow nothing are left out: "none", and what a file of another version may hold and
 * can't be read, which is told on the console. */
void egress_list_read(const struct sandbox *sb, struct egress_list *list);

#endif
