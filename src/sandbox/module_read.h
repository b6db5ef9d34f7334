/* SPDX-License-Identifier: MIT */
/* The fields of the requests that change which modules there are, checked. Each function answers
 * whether they were good; if not, the reply is a 400 that says which was not. Pure. */
#ifndef SQUASH_MODULE_READ_H
#define SQUASH_MODULE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/msg.h"
#include "reply.h"

#define MODULE_SHA256_BYTES 32
#define MODULE_SHA256_TEXT_BYTES 65 /* 64 hexadecimal digits, and a NUL */

/* A module that is sent. */
struct upload {
	char name[LIMIT_MODULE_BYTES + 1];
	uint64_t size;                         /* bytes */
	char sha256[MODULE_SHA256_TEXT_BYTES]; /* small letters; empty: it isn't said */
};

bool module_read_upload(struct msg_cursor fields, struct upload *u, struct reply *r);

/* The name alone. */
bool module_read_name(struct msg_cursor fields, char name[LIMIT_MODULE_BYTES + 1], struct reply *r);

/* The digits of a hash, as sha256sum(1) prints them. */
void module_write_sha256(const uint8_t hash[MODULE_SHA256_BYTES],
			 char text[MODULE_SHA256_TEXT_BYTES]);

#endif
