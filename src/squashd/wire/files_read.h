/* SPDX-License-Identifier: MIT */
/* The fields of the requests about files in a sandbox, checked. Pure. */
#ifndef SQUASH_SQUASHD_WIRE_FILES_READ_H
#define SQUASH_SQUASHD_WIRE_FILES_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/msg.h"
#include "reply.h"

struct files_request {
	char id[LIMIT_ID_BYTES + 1];
	char path[LIMIT_PATH_BYTES + 1]; /* absolute */
	bool has_mode;
	uint64_t mode; /* 07777 at most */
	bool recursive;
	char owner[24]; /* "UID:GID"; "": as the operation has it without */
	uint64_t size;  /* of what is sent, bytes, or MSG_FRAMED */
};

/* Fill *q for the operation. False when a field is not good: the reply is a 400 that says which. */
bool files_read_request(struct msg_cursor fields, enum msg_op op, struct files_request *q,
			struct reply *r);

#endif
