/* SPDX-License-Identifier: MIT */
/* The bytes of a client's connection, plain or by TLS. */
#ifndef SQUASH_FRONT_WIRE_H
#define SQUASH_FRONT_WIRE_H

#include "socket.h"
#include "tls.h"

struct wire {
	struct socket socket;
	struct tls *tls; /* NULL: plain */
};

/* Reads up to cap bytes. Returns how many; 0 at the end; -EAGAIN, or another -errno. */
ssize_t wire_read(struct wire *w, void *to, size_t cap);

/* Writes some of len bytes, not 0. Returns how many were taken; -EAGAIN, or another -errno. */
ssize_t wire_write(struct wire *w, const void *from, size_t len);

/* Gives the kernel all that was taken. Returns 0, -EAGAIN, or another -errno. */
int wire_flush(struct wire *w);

/* Says that nothing more will be sent. Returns 0; or -EAGAIN if the kernel doesn't have all of that
 * yet: then the caller calls it again. */
int wire_shut(struct wire *w);

#endif
