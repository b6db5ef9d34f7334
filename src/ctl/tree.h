/* SPDX-License-Identifier: MIT */
/* Trees of files of this side, as tar archives: out of a directory, and into one. */
#ifndef SQUASH_CTL_TREE_H
#define SQUASH_CTL_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "upload.h"

/* What a tree's entries are sent as belonging to. */
struct tree_owner {
	bool is_kept; /* their own ids; else these */
	uint64_t uid, gid;
};

/* Read "root", "keep", or UID[:GID] in decimals; a group that isn't said has the user's number.
 * Returns false if the text is none of them. */
bool tree_read_owner(const char *text, struct tree_owner *owner);

/* Count what is in the directory as an archive, which is what u then sends: nothing of it is kept
 * in memory, and a tree that is too large for the API is refused before a byte is sent. What is
 * left out (sockets, devices) is said on stderr. 0, or an exit code. */
int tree_open(struct ctl *c, struct upload *u, const char *directory,
	      const struct tree_owner *owner);

/* Make the request (begun), and unpack the archive of its reply. In a directory that is there it is
 * called name, unless name is "" or "."; another is made of it. What is left out (FIFOs, devices)
 * is said on stderr. 0, or an exit code; what came before a fault is there. */
int tree_receive(struct ctl *c, struct api *a, const char *to, const char *name);

#endif
