/* SPDX-License-Identifier: MIT */
/* How each service is run: its arguments, descriptors, user and capabilities. */
#ifndef SQUASH_INIT_SERVICE_PROGRAMS_H
#define SQUASH_INIT_SERVICE_PROGRAMS_H

#include "service.h"

/* In the environment of udhcpc, and so of the program that it runs (init/net/lease.h): the card is
 * the sandboxes'. */
#define PROGRAMS_EGRESS_VARIABLE "SQUASH_EGRESS"

struct program_start {
	const struct services *services;
	const struct service *service;
	int token_fd; /* squashd's; -1 for the others */
};

/* In the child: exec the service that context, a struct program_start, tells of. Returns only if
 * that fails, with errno set. */
void program_run(const void *context);

#endif
