/* SPDX-License-Identifier: MIT */
#include "snapshot_room.h"

#include <inttypes.h>

#include "squashd/store/stack.h"

bool snapshot_room_is_left(const struct server *s, const struct sandbox *sb, unsigned before,
			   struct reply *r)
{
	unsigned count = stack_count_snapshots(sb);
	uint64_t most = stack_most_snapshots(sb->memory_mb, s->processors);
	if (count <= most || count <= before)
		return true;
	reply_fail(r, 409, "full",
		   "sandbox %s would stand on %u snapshots; with memory_mb %" PRIu64
		   " it can stand on %" PRIu64
		   ": create a sandbox from the snapshot with more memory_mb",
		   sb->id, count, sb->memory_mb, most);
	return false;
}
