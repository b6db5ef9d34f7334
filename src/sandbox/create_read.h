/* SPDX-License-Identifier: MIT */
/* The fields of POST sandboxes, checked: what api sent becomes a sandbox to be made. Pure. */
#ifndef SQUASH_CREATE_READ_H
#define SQUASH_CREATE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/msg.h"
#include "reply.h"
#include "sandbox.h"

/* Fill *sb with what was asked for, the rest by default: no slot yet, never made. memory_mb may be
 * machine_mb at most. False when a field is not good: the reply is a 400 that says which. */
bool create_read(struct msg_cursor fields, uint64_t machine_mb, struct sandbox *sb,
		 struct reply *r);

#endif
