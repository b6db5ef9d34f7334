/* SPDX-License-Identifier: MIT */
/* The fields of an update's request, checked. Pure. */
#ifndef SQUASH_SQUASHD_WIRE_UPDATE_READ_H
#define SQUASH_SQUASHD_WIRE_UPDATE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/msg.h"
#include "reply.h"

/* An update file that is sent. */
struct update {
	uint64_t size;  /* bytes, with its header, or MSG_FRAMED */
	bool downgrade; /* a lower version is wanted */
};

/* Whether they were good; if not, the reply is a 400 that says which was not. */
bool update_read(struct msg_cursor fields, struct update *u, struct reply *r);

#endif
