/* SPDX-License-Identifier: MIT */
/* The part of a URL behind the ?, turned into the fields of a message by a table: which parameters
 * there are, and under which tag. What the values must be is squashd's to say. Pure. */
#ifndef SQUASH_API_QUERY_H
#define SQUASH_API_QUERY_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/msg.h"
#include "request.h"

#define QUERY_VALUE_BYTES 4096 /* of a name or a value, with its NUL: PATH_MAX */

struct query_parameter {
	const char *name;
	enum msg_tag tag;
};

/* Parse name=value&name=value and append a field for each to fields. Percent-encoding is decoded,
 * by RFC 3986: a + is a +, which names of modules have, and no space. 0, or -EINVAL with fault
 * filled, a 400: a parameter is none of the known ones (count, 32 at most), there twice, without a
 * value, or not to be decoded. fields->full is for the caller to see. */
int query_parse(const char *text, const struct query_parameter *known, size_t count,
		struct buf *fields, struct request_fault *fault);

#endif
