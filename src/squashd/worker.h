/* SPDX-License-Identifier: MIT */
/* One request, from its connection to its reply. */
#ifndef SQUASH_SQUASHD_WORKER_H
#define SQUASH_SQUASHD_WORKER_H

#include "sandbox.h"

/* Serve the connection (taken), in a process of its own that ends afterwards. */
void worker_serve(const struct server *s, int conn_fd);

/* Answer 503 on the connection (borrowed) without reading from it: too many workers. */
void worker_refuse(int conn_fd);

#endif
