/* SPDX-License-Identifier: MIT */
/* What every way has in common in which a module comes to be there: its name has to be free, and
 * what it takes must leave room for others. */
#ifndef SQUASH_SQUASHD_REQUEST_MODULE_NEW_H
#define SQUASH_SQUASHD_REQUEST_MODULE_NEW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "squashd/sandbox.h"
#include "squashd/wire/reply.h"

/* Whether neither SQUASH-DATA nor the image has a module of that name: else the reply says so. */
bool module_new_is_free(const struct server *s, const char *name, struct reply *r);

/* *room: how many bytes more modules may take. 0; -ENOSPC with e filled if that is less than least,
 * or they have taken more than they may already; or another -errno. */
int module_new_room(const struct server *s, uint64_t least, uint64_t *room, struct err *e);

/* What is in file_fd, a regular file on DATA, becomes the module, for good. False: the reply says
 * why it doesn't. */
bool module_new_add(const struct server *s, const char *name, int file_fd, struct reply *r);

#endif
