/* SPDX-License-Identifier: MIT */
/* The fields of the requests that change a sandbox, its snapshots or the named tokens, checked.
 * Each function answers whether they were good; if not, the reply is a 400 that says which was not.
 * Pure. */
#ifndef SQUASH_SQUASHD_WIRE_CHANGE_READ_H
#define SQUASH_SQUASHD_WIRE_CHANGE_READ_H

#include <stdbool.h>

#include "lib/msg.h"
#include "reply.h"
#include "squashd/sandbox.h"
#include "squashd/store/snapshot_text.h"
#include "squashd/store/tokens.h"

/* A sandbox and one of its snapshots, by name. */
bool change_read_snapshot(struct msg_cursor fields, char id[LIMIT_ID_BYTES + 1],
			  char name[LIMIT_MODULE_BYTES + 1], struct reply *r);

/* A sandbox, and the label of a snapshot to be taken of it: all else in *n becomes zero. */
bool change_read_label(struct msg_cursor fields, char id[LIMIT_ID_BYTES + 1], struct snapshot *n,
		       struct reply *r);

/* A module for a sandbox's stack. */
struct activate {
	char id[LIMIT_ID_BYTES + 1];
	char module[LIMIT_MODULE_BYTES + 1];
	bool force; /* end what runs there */
};

bool change_read_activate(struct msg_cursor fields, struct activate *a, struct reply *r);

/* A sandbox, and what it may reach: id and allow_net of *sb, of which all else becomes zero. */
bool change_read_allow_net(struct msg_cursor fields, struct sandbox *sb, struct reply *r);

/* A token to be made: its name and right; all else in *t becomes zero. */
bool change_read_token(struct msg_cursor fields, struct token *t, struct reply *r);

/* A token's name, which must be the one field of the request. */
bool change_read_token_name(struct msg_cursor fields, char name[LIMIT_ID_BYTES + 1],
			    struct reply *r);

#endif
