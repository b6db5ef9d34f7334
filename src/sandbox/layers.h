/* SPDX-License-Identifier: MIT */
/* Modules and snapshots mounted as layers: each squashfs once, shared by every sandbox whose stack
 * it is in. PATH_RUN/layers/<key>/{mount,users/<id>}: who uses a layer is a file there, so that it
 * is known after any process has died. The key is a module's name; for a snapshot "<name>@<inode>",
 * as many sandboxes have one of that name, and some share the file. */
#ifndef SQUASH_LAYERS_H
#define SQUASH_LAYERS_H

#include <stdbool.h>

#include "lib/err.h"
#include "sandbox.h"

#define LAYER_MOUNT_FORMAT "layers/%s/mount" /* below PATH_RUN */

#define LAYER_KEY_BYTES (LIMIT_MODULE_BYTES + 24)

/* The key of sb's layer i. 0; -ENOENT if it is a snapshot that is gone; another -errno. */
int layers_key(const struct server *s, const struct sandbox *sb, size_t i,
	       char key[LAYER_KEY_BYTES], struct err *e);

/* Mount what sb's stack needs and note sb as a user of each. 0; -ENOENT with e naming the module
 * that is missing; -EMEDIUMTYPE when it is no squashfs that the kernel takes; another -errno. On
 * failure layers_keep cleans up. */
int layers_acquire(const struct server *s, const struct sandbox *sb, struct err *e);

/* sb uses those of its stack and no others any more (sb->layer_count may be 0); layers that nobody
 * uses are unmounted. */
int layers_keep(const struct server *s, const struct sandbox *sb, struct err *e);

/* Drop users for which is_alive(id) is false, and unmount what nobody uses. */
int layers_sweep(const struct server *s, bool (*is_alive)(const struct server *s, const char *id),
		 struct err *e);

#endif
