/* SPDX-License-Identifier: MIT */
/* What is known of a sandbox, as the fields of a reply. */
#ifndef SQUASH_SQUASHD_REQUEST_SANDBOX_INFO_H
#define SQUASH_SQUASHD_REQUEST_SANDBOX_INFO_H

#include "squashd/sandbox.h"
#include "squashd/store/snapshot_text.h"
#include "squashd/wire/reply.h"

/* Add the fields of one info object to the reply. dir_fd is the sandbox's, of meta_open. */
void info_add(const struct server *s, const struct sandbox *sb, int dir_fd, struct reply *r);

/* Add the fields of one snapshot: TAG_SNAPSHOT and what msg.h says of it. */
void info_add_snapshot(const struct snapshot *n, struct buf *b);

#endif
