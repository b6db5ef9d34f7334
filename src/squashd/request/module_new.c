/* SPDX-License-Identifier: MIT */
#include "module_new.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "squashd/store/modules.h"
#include "squashd/store/snapshots.h"

bool module_new_is_free(const struct server *s, const char *name, struct reply *r)
{
	bool builtin;
	if (!modules_has_file(s, name, &builtin))
		return true;
	if (builtin)
		reply_fail(r, 409, "exists", "module %s is on the image", name);
	else
		reply_fail(r, 409, "exists", "there is a module %s already", name);
	return false;
}

/* What is to be left of DATA. In memory, of which DATA has half: what snapshots may still take. */
static uint64_t find_reserve(const struct server *s, const struct statfs *st)
{
	uint64_t share = (s->memory_mb << 20) / LIMIT_SNAPSHOTS_SHARE;
	if (st->f_type != TMPFS_MAGIC)
		return (uint64_t)LIMIT_UPLOAD_RESERVE_MB << 20;
	uint64_t used = snapshots_total(s);
	return used < share ? share - used : 0;
}

int module_new_room(const struct server *s, uint64_t least, uint64_t *room, struct err *e)
{
	struct statfs st;
	*room = 0;
	if (fstatfs(s->modules_fd, &st) < 0)
		return err_set(e, errno, "look for room");
	uint64_t reserve = find_reserve(s, &st);
	uint64_t bytes = (uint64_t)st.f_bavail * (uint64_t)st.f_bsize;
	*room = bytes > reserve ? bytes - reserve : 0;
	if (bytes < reserve || *room < least)
		return err_say(e, ENOSPC, "modules have room for %" PRIu64 " bytes more", *room);
	return 0;
}

bool module_new_add(const struct server *s, const char *name, int file_fd, struct reply *r)
{
	struct err e;
	int rc = modules_add(s, name, file_fd, &e);
	if (rc == -EEXIST) /* another of that name was faster */
		reply_fail(r, 409, "exists", "there is a module %s already", name);
	else if (rc < 0)
		reply_err(r, &e);
	return rc == 0;
}
