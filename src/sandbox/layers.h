/* SPDX-License-Identifier: MIT */
/* Modules mounted as layers: each squashfs once, shared by every sandbox whose stack it is in.
 * PATH_RUN/layers/<name>/{mount,users/<id>}: who uses a layer is a file there, so that it is known
 * after any process has died. */
#ifndef SQUASH_LAYERS_H
#define SQUASH_LAYERS_H

#include <stdbool.h>

#include "lib/err.h"
#include "sandbox.h"

#define LAYER_MOUNT_FORMAT "layers/%s/mount" /* below PATH_RUN */

/* Mount what sb's stack needs and note sb as a user of each. 0; -ENOENT with e naming the module
 * that is missing; another -errno. On failure layers_release cleans up. */
int layers_acquire(const struct server *s, const struct sandbox *sb, struct err *e);

/* sb uses its layers no longer; those that nobody uses are unmounted. Never fails for what is
 * gone. */
int layers_release(const struct server *s, const struct sandbox *sb, struct err *e);

/* Drop users for which is_alive(id) is false, and unmount what nobody uses. */
int layers_sweep(const struct server *s, bool (*is_alive)(const struct server *s, const char *id),
		 struct err *e);

#endif
