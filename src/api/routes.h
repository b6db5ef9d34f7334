/* SPDX-License-Identifier: MIT */
/* Which endpoint answers which path and method. Pure. */
#ifndef SQUASH_API_ROUTES_H
#define SQUASH_API_ROUTES_H

#include "endpoints.h"
#include "lib/buf.h"

/* Returns the endpoint for the request's method and path, which is shorter than
 * REQUEST_PATH_BYTES. NULL: there is none; methods, a text with room for all of them, lists those
 * that the path has, as in "GET, HEAD, POST", and stays empty if it has none. */
const struct endpoint *routes_find(const struct http_request *q, struct buf *methods);

/* Append a field for each variable of the endpoint's path, out of a path that it was found for. 0,
 * or -EINVAL with fault filled: one is not of its type (400). */
int routes_add_variables(const struct endpoint *e, const char *path, struct buf *fields,
			 struct request_fault *fault);

#endif
