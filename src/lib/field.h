/* SPDX-License-Identifier: MIT */
/* A message's field (msg.h) as a member of a JSON object: its name, its type, its tag. */
#ifndef SQUASH_LIB_FIELD_H
#define SQUASH_LIB_FIELD_H

#include "msg.h"

enum field_type {
	FIELD_TEXT,   /* a string without NULs */
	FIELD_BYTES,  /* any string */
	FIELD_NUMBER, /* a whole number, not negative */
	FIELD_MILLI,  /* a number, not negative; the message has it in thousandths */
	FIELD_FLAG,   /* true or false; the message has the number 1 or 0 */
	FIELD_LIST,   /* an array of strings; the message has a field for each */
	FIELD_COMMAS, /* the same; a request may write it as one string with commas between */
	FIELD_MAP,    /* an object of strings; the message has a field "name=value" for each */
};

struct field {
	const char *name;
	enum field_type type;
	enum msg_tag tag;
};

#endif
