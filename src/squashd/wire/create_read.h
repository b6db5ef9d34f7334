/* SPDX-License-Identifier: MIT */
/* The fields of POST sandboxes, checked: what api sent becomes a sandbox to be made. Pure. */
#ifndef SQUASH_SQUASHD_WIRE_CREATE_READ_H
#define SQUASH_SQUASHD_WIRE_CREATE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/msg.h"
#include "reply.h"
#include "squashd/sandbox.h"

/* A sandbox to be made: of layers, or from a snapshot, whose stack is to be filled in then. */
struct create {
	struct sandbox sb;
	char from_id[LIMIT_ID_BYTES + 1]; /* empty: sb has its layers */
	char from_snapshot[LIMIT_MODULE_BYTES + 1];
};

/* Fill *c with what was asked for, the rest by default. memory_mb may be machine_mb at most; with
 * on_disk, the upper is to be on a disk. False when a field is not good: the reply is a 400 that
 * says which. */
bool create_read(struct msg_cursor fields, uint64_t machine_mb, bool on_disk, struct create *c,
		 struct reply *r);

/* Read the name of a module that can be put into a stack. The same. */
bool create_read_module(const struct msg_field *f, const char *field,
			char name[LIMIT_MODULE_BYTES + 1], struct reply *r);

/* Read one entry more of allow_net. The same. */
bool create_read_host(const struct msg_field *f, struct sandbox *sb, struct reply *r);

#endif
