/* SPDX-License-Identifier: MIT */
/* The addresses at which the appliance is reached. */
#ifndef SQUASH_SQUASHD_REQUEST_ADDRESSES_H
#define SQUASH_SQUASHD_REQUEST_ADDRESSES_H

#include "lib/addr.h"
#include "lib/err.h"

/* Visit those of all network cards, link-local ones only if there are no others, and never those of
 * the loopback. 0 or -errno with e filled. */
int addresses_each(void (*visit)(const struct addr *a, void *arg), void *arg, struct err *e);

#endif
