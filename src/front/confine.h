/* SPDX-License-Identifier: MIT */
/* What front gives up before it reads a byte from outside. */
#ifndef SQUASH_FRONT_CONFINE_H
#define SQUASH_FRONT_CONFINE_H

#include "lib/err.h"

/* No files, programs and memory any more but what is there, and no connections but to httpd. 0 or
 * -errno with e filled. */
int confine_self(struct err *e);

#endif
