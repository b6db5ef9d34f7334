/* SPDX-License-Identifier: MIT */
/* The fields of the requests that change which modules there are, checked. Each function answers
 * whether they were good; if not, the reply is a 400 that says which was not. Pure. */
#ifndef SQUASH_SQUASHD_WIRE_MODULE_READ_H
#define SQUASH_SQUASHD_WIRE_MODULE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/msg.h"
#include "lib/sha256.h"
#include "reply.h"

/* A module that is sent. */
struct upload {
	char name[LIMIT_MODULE_BYTES + 1];
	uint64_t size; /* bytes, or MSG_FRAMED */
	bool has_sha256;
	uint8_t sha256[SHA256_BYTES];
};

bool module_read_upload(struct msg_cursor fields, struct upload *u, struct reply *r);

/* A sandbox that is to become one. */
struct module_freeze {
	char id[LIMIT_ID_BYTES + 1];
	char name[LIMIT_MODULE_BYTES + 1];
	char version[LIMIT_VERSION_BYTES + 1];
};

bool module_read_freeze(struct msg_cursor fields, struct module_freeze *m, struct reply *r);

/* The name alone. */
bool module_read_name(struct msg_cursor fields, char name[LIMIT_MODULE_BYTES + 1], struct reply *r);

#endif
