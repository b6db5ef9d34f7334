/* SPDX-License-Identifier: MIT */
/* The trusting client on a socket, for programs that do one thing after the other: who can't go on
 * says why, and ends the program. */
#ifndef SQUASH_TESTS_FRONT_TRUSTING_IO_H
#define SQUASH_TESTS_FRONT_TRUSTING_IO_H

#include "trusting.h"

_Noreturn void trusting_fail(const struct trusting *t, const char *what);

/* A connection to a port of 127.0.0.1, on which small writes aren't held back. */
int trusting_connect(const struct trusting *t, const char *port);

/* trusting_begin, with random numbers. */
void trusting_begin_at_random(struct trusting *t);

/* Write all that is ready to be sent. */
void trusting_flush(struct trusting *t, int fd);

/* Go on until the engine can do one of these: BR_SSL_SENDAPP, BR_SSL_RECVAPP. */
void trusting_run(struct trusting *t, int fd, unsigned until);

#endif
