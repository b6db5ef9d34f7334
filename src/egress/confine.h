/* SPDX-License-Identifier: MIT */
/* What egress takes from itself before it looks at anything: whoever takes it over by what it reads
 * is to find sockets to public addresses, and no more of the kernel than moving bytes takes. */
#ifndef SQUASH_EGRESS_CONFINE_H
#define SQUASH_EGRESS_CONFINE_H

#include "lib/err.h"

/* For good. 0 or -errno with e filled. */
int confine_self(struct err *e);

#endif
