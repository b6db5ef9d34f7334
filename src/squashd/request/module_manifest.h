/* SPDX-License-Identifier: MIT */
/* The manifests of modules' files, and what they ask of a stack. Read without mounting. */
#ifndef SQUASH_SQUASHD_REQUEST_MODULE_MANIFEST_H
#define SQUASH_SQUASHD_REQUEST_MODULE_MANIFEST_H

#include <stdbool.h>

#include "lib/err.h"
#include "squashd/sandbox.h"
#include "squashd/store/manifest.h"
#include "squashd/wire/reply.h"

/* Read that of the module called name out of its file (borrowed). 1; 0: it has none, and *m is
 * empty; -EBADMSG with e naming what is wrong with it, its name among that; another -errno. By two
 * reads. */
int module_manifest_read(int fd, const char *name, struct manifest *m, struct err *e);

/* Whether each module of the sandbox's stack is there (unless may_miss), and all that it needs is
 * in the stack, too. If not, the reply names what is missing. A damaged manifest needs nothing, and
 * is named on the console. Snapshots need nothing. */
bool module_manifest_all_met(const struct server *s, const struct sandbox *sb, bool may_miss,
			     struct reply *r);

#endif
