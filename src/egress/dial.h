/* SPDX-License-Identifier: MIT */
/* The way to one of a connection's addresses. It ends in connection_flow or connection_refuse. */
#ifndef SQUASH_EGRESS_DIAL_H
#define SQUASH_EGRESS_DIAL_H

#include "connection.h"

/* Dials the first of c->addrs that can be dialled. */
void connection_dial(struct connection *c);

/* Takes what epoll says of the socket that is being dialled. */
void connection_dialled(struct connection *c, uint32_t events);

/* Gives the address up whose time is over, and dials the next. */
void connection_dial_late(struct connection *c);

#endif
