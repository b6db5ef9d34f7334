/* SPDX-License-Identifier: MIT */
/* The part of a URL behind the ?, turned into the fields of a message by a table of the
 * parameters that there are. Pure. */
#ifndef SQUASH_API_QUERY_H
#define SQUASH_API_QUERY_H

#include <stddef.h>

#include "lib/buf.h"
#include "parameter.h"
#include "request.h"

#define QUERY_VALUE_BYTES 4096 /* of a name or a value, with its NUL: PATH_MAX */

/* Parse name=value&name=value and append a field for each to fields. Percent-encoding is decoded,
 * by RFC 3986: a + is a +, which names of modules have, and no space. 0, or -EINVAL with fault
 * filled, a 400: a parameter is none of the known ones (count, 32 at most), there twice, without a
 * value, not to be decoded, or not of its type. fields->full is for the caller to see. */
int query_parse(const char *text, const struct parameter *known, size_t count, struct buf *fields,
		struct request_fault *fault);

#endif
