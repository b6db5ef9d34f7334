/* SPDX-License-Identifier: MIT */
/* A request's JSON object, turned into the fields of a message by a table: which members there are,
 * of what type, under which tag. What the values must be is squashd's to say. Pure. */
#ifndef SQUASH_API_BODY_FIELDS_H
#define SQUASH_API_BODY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/field.h"
#include "request.h"

/* What a request's body may hold. */
struct body_form {
	const struct field *members;
	size_t count;
	bool is_sandbox;      /* those of lib/sandbox_fields.h, too */
	bool optional;        /* of a file: it may be empty */
	bool is_file;         /* it is not read: squashd gets the pipe that it comes through */
	const char *required; /* a list that may be empty, but not left out; NULL: squashd sees */
};

extern const struct body_form body_form_create, body_form_exec, body_form_activate,
	body_form_snapshot, body_form_restore, body_form_allow_net, body_form_token,
	body_form_empty, body_form_file, body_form_file_or_nothing;

/* Parse the text and append its members to fields; no text at all is as good as {}. a and what it
 * holds are borrowed. 0, or -EINVAL with fault filled: it is no JSON object, or a member is unknown
 * or of the wrong type (400), or a is used up (413). fields->full is for the caller to see. */
int body_parse(const uint8_t *text, size_t len, const struct body_form *form, struct arena *a,
	       struct buf *fields, struct request_fault *fault);

#endif
