/* SPDX-License-Identifier: MIT */
#include "open.h"

#include <errno.h>

#include "lib/fd.h"
#include "squashd/store/meta.h"
#include "squashd/wire/change_read.h"
#include "squashd/wire/fields.h"

int request_open(const struct server *s, const char *id, struct sandbox *sb, struct reply *r)
{
	struct err e;
	AUTO_FD lock = meta_lock(s, id, LIMIT_BUSY_MS, &e);
	if (lock >= 0 && meta_load(s, lock, id, sb, &e) == 0)
		return fd_steal(&lock);
	reply_sandbox_err(r, &e);
	return -1;
}

int request_open_of_snapshot(const struct server *s, struct msg_cursor fields, struct sandbox *sb,
			     char name[LIMIT_MODULE_BYTES + 1], struct reply *r)
{
	char id[LIMIT_ID_BYTES + 1];
	return change_read_snapshot(fields, id, name, r) ? request_open(s, id, sb, r) : -1;
}

int request_open_unlocked(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	char id[LIMIT_ID_BYTES + 1];
	struct err e;
	if (!fields_only_id(fields, id, r))
		return -1;
	int dir = meta_exists(s, id) ? meta_open(s, id, &e)
				     : err_say(&e, ENOENT, "there is no sandbox %s", id);
	if (dir >= 0)
		return dir;
	reply_sandbox_err(r, &e);
	return -1;
}
