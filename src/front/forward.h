/* SPDX-License-Identifier: MIT */
/* A request's way to httpd, and the reply's way back. */
#ifndef SQUASH_FRONT_FORWARD_H
#define SQUASH_FRONT_FORWARD_H

#include "conn.h"

/* Passes a request on whose turn it is. It may be answered, or pause, instead. */
void forward_start(struct conn *c);

/* The step of CONN_FORWARDS. Returns whether something has happened. */
bool forward_move(struct conn *c);

/* Ends a request whose client takes too long. */
void forward_give_up(struct conn *c);

#endif
