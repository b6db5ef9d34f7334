/* SPDX-License-Identifier: MIT */
/* Modules and snapshots mounted as layers: each squashfs once, shared by every sandbox whose stack
 * it is in. PATH_RUN/layers/<key>/{mount,users/<id>}: who uses a layer is a file there, so that it
 * is known after any process has died. The key is a module's name; for a snapshot "<name>@<inode>",
 * as many sandboxes have one of that name, and some share the file. */
#ifndef SQUASH_SQUASHD_BOX_LAYERS_H
#define SQUASH_SQUASHD_BOX_LAYERS_H

#include <stdbool.h>

#include "lib/err.h"
#include "squashd/sandbox.h"

#define LAYER_MOUNT_FORMAT "layers/%s/mount" /* below PATH_RUN */

#define LAYER_KEY_BYTES (LIMIT_MODULE_BYTES + 24)

/* One at a time: mounting and unmounting of layers, and the users files. PATH_RUN/layers, owned by
 * the caller, who has the lock as long as it is open; or -errno. Taken after a sandbox's own. */
int layers_lock(const struct server *s, struct err *e);

/* For who has the lock: whether the layer has a user, and the id of one. */
bool layers_find_user(int layers_fd, const char *key, char id[LIMIT_ID_BYTES + 1]);

/* For who has the lock: unmount the layer, if it is mounted and has no users. 0 or -errno. */
int layers_drop_unused(int layers_fd, const char *key, struct err *e);

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
