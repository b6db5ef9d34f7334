/* SPDX-License-Identifier: MIT */
/* The fields of the requests for lists, checked: all of one, or a page of it. Pure. */
#ifndef SQUASH_SQUASHD_WIRE_LIST_READ_H
#define SQUASH_SQUASHD_WIRE_LIST_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/msg.h"
#include "reply.h"

/* By what the entries of a list are called. */
enum list_kind {
	LIST_OF_SANDBOXES, /* their ids */
	LIST_OF_MODULES,   /* their names */
	LIST_OF_EXECS,     /* their numbers; the request has the sandbox's id as well */
	LIST_OF_EVENTS,    /* their numbers */
};

struct list_question {
	char id[LIMIT_ID_BYTES + 1];        /* the sandbox; empty: the list is nobody's */
	char after[LIMIT_MODULE_BYTES + 1]; /* the page begins behind it; empty: at the first */
	uint64_t after_number;              /* the same; 0: at the first */
	uint64_t limit;                     /* how many entries at most */
};

/* Fill *q. What it names need not be there any more. False when a field is not good: the reply is a
 * 400 that says which. */
bool list_read(struct msg_cursor fields, enum list_kind kind, struct list_question *q,
	       struct reply *r);

#endif
