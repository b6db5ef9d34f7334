/* SPDX-License-Identifier: MIT */
/* Removing trees that strangers have made: as deep as they like, with names of any kind. */
#ifndef SQUASH_LIB_TREE_H
#define SQUASH_LIB_TREE_H

#include "err.h"

/* Remove the directory parent_fd/name and all below it, on its file system alone. Needs two
 * descriptors and no stack, however deep it is; no symbolic link is followed. 0, also if there is
 * none, or -errno; what could not be removed stays. */
int tree_remove(int parent_fd, const char *name, struct err *e);

#endif
