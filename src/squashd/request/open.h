/* SPDX-License-Identifier: MIT */
/* How a handler gets at the sandbox that its request names. */
#ifndef SQUASH_SQUASHD_REQUEST_OPEN_H
#define SQUASH_SQUASHD_REQUEST_OPEN_H

#include "lib/limits.h"
#include "lib/msg.h"
#include "squashd/sandbox.h"
#include "squashd/wire/reply.h"

/* Lock the sandbox, and load it into *sb. Returns its directory, owned by the caller, who has the
 * lock as long as it is open; -1 when the reply says why not. */
int request_open(const struct server *s, const char *id, struct sandbox *sb, struct reply *r);

/* The same for a request that names a sandbox and one of its snapshots. Fills name with the latter.
 * */
int request_open_of_snapshot(const struct server *s, struct msg_cursor fields, struct sandbox *sb,
			     char name[LIMIT_MODULE_BYTES + 1], struct reply *r);

/* For a request that names a sandbox and nothing else: request_open without the lock, and without
 * loading it, for what lies beside meta.json. */
int request_open_unlocked(const struct server *s, struct msg_cursor fields, struct reply *r);

#endif
