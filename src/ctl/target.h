/* SPDX-License-Identifier: MIT */
/* Paths and queries of requests (RFC 3986). Pure. */
#ifndef SQUASH_CTL_TARGET_H
#define SQUASH_CTL_TARGET_H

#include <stdbool.h>

#include "lib/buf.h"
#include "limits.h"

struct target {
	struct buf buf; /* of text; full: it is longer than the appliance takes anyway */
	bool has_query;
	char text[CTL_TARGET_BYTES];
};

/* Begin with "/cgi-bin/" and that path, which needs no encoding. */
void target_begin(struct target *t, const char *path);

/* Whether the text can be a name in a path: of a sandbox, module, snapshot or token. What else it
 * must be the appliance knows. */
bool target_is_name(const char *text);

/* Add "/" and a name that is one. */
void target_add(struct target *t, const char *name);

/* Add name=value to the query, the value's bytes encoded. */
void target_ask(struct target *t, const char *name, const char *value);

/* The whole, terminated. */
const char *target_text(struct target *t);

#endif
