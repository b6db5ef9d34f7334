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

/* Whether all that the module in that file needs is among the sandbox's layers. If not, the reply
 * names both. A damaged manifest needs nothing, and is named on the console. */
bool module_manifest_is_met(int fd, const char *name, const struct sandbox *sb, struct reply *r);

#endif
