/* SPDX-License-Identifier: MIT */
/* A request's JSON object, turned into the fields of a message by a table: which members there are,
 * of what type, under which tag. What the values must be is squashd's to say. */
#ifndef SQUASH_BODY_H
#define SQUASH_BODY_H

#include <stddef.h>

#include "http.h"
#include "lib/msg.h"

enum body_type {
	BODY_TEXT,    /* a string without NULs */
	BODY_BYTES,   /* a string, any */
	BODY_INTEGER, /* a whole number, not negative */
	BODY_MILLI,   /* a number, not negative, sent in thousandths */
	BODY_LIST,    /* an array of strings: a field each */
	BODY_COMMAS,  /* the same, or one string with commas between */
	BODY_MAP,     /* an object of strings: a field "name=value" each */
};

struct body_member {
	const char *name;
	enum body_type type;
	enum msg_tag tag;
};

/* Parse the body and add its members to call_fields(). Replies 400 and does not return when it is
 * no JSON object, or a member is unknown or of the wrong type. */
void body_read(struct http_request *q, const struct body_member *members, size_t count);

#endif
