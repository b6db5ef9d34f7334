/* SPDX-License-Identifier: MIT */
/* One request, from its connection to its reply. */
#ifndef SQUASH_WORKER_H
#define SQUASH_WORKER_H

#include <stdbool.h>

#include "sandbox.h"

/* Serve the connection (taken), in a process of its own that ends afterwards. False: it was denied,
 * as its token was missing or wrong. */
bool worker_serve(const struct server *s, int conn_fd);

/* Answer 503 on the connection (borrowed) without reading from it: too many workers. */
void worker_refuse(int conn_fd);

#endif
