/* SPDX-License-Identifier: MIT */
/* The appliance's updates, as GET system tells of them. */
#ifndef SQUASH_SQUASHD_REQUEST_UPDATE_H
#define SQUASH_SQUASHD_REQUEST_UPDATE_H

#include "squashd/sandbox.h"
#include "squashd/wire/reply.h"

/* Add the fields: whether one is possible, waits for a reboot, or is on trial. */
void update_describe(const struct server *s, struct reply *r);

#endif
