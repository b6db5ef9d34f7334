/* SPDX-License-Identifier: MIT */
/* A request's JSON object, turned into the fields of a message by a table: which members there are,
 * of what type, under which tag. What the values must be is squashd's to say. Pure. */
#ifndef SQUASH_API_BODY_FIELDS_H
#define SQUASH_API_BODY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/msg.h"
#include "request.h"

enum body_type {
	BODY_TEXT,    /* a string without NULs */
	BODY_BYTES,   /* a string, any */
	BODY_FLAG,    /* true or false: a number, 1 or 0 */
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

/* What a request's body may hold. */
struct body_form {
	const struct body_member *members;
	size_t count;
	bool optional;        /* no bytes at all are as good as {} */
	const char *required; /* a list that may be empty, but not left out; NULL: squashd sees */
};

extern const struct body_form body_form_create, body_form_exec, body_form_activate,
	body_form_snapshot, body_form_restore, body_form_allow_net, body_form_token,
	body_form_empty;

/* Parse the text and append its members to fields; a and what it holds are borrowed. 0, or -EINVAL
 * with fault filled: it is no JSON object, or a member is unknown or of the wrong type (400), or a
 * is used up (413). fields->full is for the caller to see. */
int body_parse(const uint8_t *text, size_t len, const struct body_form *form, struct arena *a,
	       struct buf *fields, struct request_fault *fault);

#endif
