/* SPDX-License-Identifier: MIT */
/* Which endpoint answers which path and method. */
#ifndef SQUASH_ROUTES_H
#define SQUASH_ROUTES_H

#include "endpoints.h"
#include "lib/buf.h"

#define ROUTES_PATH_BYTES 1024 /* of a path, with its NUL */

/* Find the endpoint for a path shorter than ROUTES_PATH_BYTES. id, of that many bytes, gets the
 * path's variable part, empty if it has none. NULL if there is no such endpoint: methods, a text
 * with room for all of them, lists those that the path has, as in "GET, POST"; none: it is empty.
 * Pure. */
endpoint *routes_find(const char *path, const char *method, char id[ROUTES_PATH_BYTES],
		      struct buf *methods);

#endif
