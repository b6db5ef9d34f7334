/* SPDX-License-Identifier: MIT */
/* ID:/PATH, where something lies in a sandbox. Pure. */
#ifndef SQUASH_CTL_REMOTE_H
#define SQUASH_CTL_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/limits.h"

struct remote {
	char id[LIMIT_ID_BYTES + 1];
	char path[LIMIT_PATH_BYTES + 1]; /* absolute */
};

/* False if the text is none: a file of this side. A colon in one of those has a slash before it
 * ("./a:b"). A path without a slash at its beginning begins at /. */
bool remote_parse(const char *text, struct remote *r);

/* The last part of a path, without slashes at its end; "" of "/". Returns name, of cap bytes. */
const char *remote_base(const char *path, char *name, size_t cap);

#endif
