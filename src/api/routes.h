/* SPDX-License-Identifier: MIT */
/* Which endpoint answers which path and method. */
#ifndef SQUASH_API_ROUTES_H
#define SQUASH_API_ROUTES_H

#include "endpoints.h"
#include "lib/buf.h"

/* Find the endpoint for the request's path, shorter than REQUEST_PATH_BYTES, and method; q->id and
 * q->name get the path's variable parts. NULL if there is no such endpoint: methods, a text with
 * room for all of them, lists those that the path has, as in "GET, POST"; none: it is empty.
 * Pure. */
endpoint *routes_find(struct http_request *q, struct buf *methods);

#endif
