/* SPDX-License-Identifier: MIT */
/* What is known of a sandbox, as the fields of a reply. */
#ifndef SQUASH_INFO_H
#define SQUASH_INFO_H

#include "reply.h"
#include "sandbox.h"

/* Add the fields of one info object to the reply. dir_fd is the sandbox's, of meta_open. */
void info_add(const struct server *s, const struct sandbox *sb, int dir_fd, struct reply *r);

#endif
