/* SPDX-License-Identifier: MIT */
/* Whether a sandbox may stand on so many snapshots. */
#ifndef SQUASH_SQUASHD_REQUEST_SNAPSHOT_ROOM_H
#define SQUASH_SQUASHD_REQUEST_SNAPSHOT_ROOM_H

#include <stdbool.h>

#include "squashd/sandbox.h"
#include "squashd/wire/reply.h"

/* Returns whether sb, with the stack that it would get, stands on no more snapshots than its
 * memory_mb allows (store/stack.h), or on no more than before, the number on which it stands
 * already. If not, the reply says so. */
bool snapshot_room_is_left(const struct server *s, const struct sandbox *sb, unsigned before,
			   struct reply *r);

#endif
