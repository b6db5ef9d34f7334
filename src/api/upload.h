/* SPDX-License-Identifier: MIT */
/* Requests whose body is a file: api doesn't read it, but gives squashd the pipe that it comes
 * through. */
#ifndef SQUASH_API_UPLOAD_H
#define SQUASH_API_UPLOAD_H

#include <stddef.h>

#include "http.h"
#include "query.h"

/* Put the known parameters of the query, and the body's length as TAG_SIZE, into the fields of the
 * message (call.h). What is wrong with them is the HTTP reply, and the call doesn't return then. */
void upload_begin(struct http_request *q, const struct query_parameter *known, size_t count);

#endif
