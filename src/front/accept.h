/* SPDX-License-Identifier: MIT */
/* Connections that come, and those that go for them. */
#ifndef SQUASH_FRONT_ACCEPT_H
#define SQUASH_FRONT_ACCEPT_H

#include "conn.h"

/* Takes an accepted connection. fd is taken. */
void conn_accept(struct front *f, int fd, bool is_tls);

/* Ends the connections that wait for a request. */
void conn_close_idle(struct front *f);

#endif
