/* SPDX-License-Identifier: MIT */
/* The bytes of a client's connection, plain or by TLS, and of one to httpd. Sockets don't block,
 * and are watched edge-triggered: each is remembered to be ready until it says EAGAIN. */
#ifndef SQUASH_FRONT_WIRE_H
#define SQUASH_FRONT_WIRE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/loop.h"

#define WIRE_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | (uint32_t)EPOLLET)

struct tls;

struct wire {
	struct loop_source source;
	bool readable, writable; /* as far as is known */
	bool broken;             /* nothing can be sent any more */
	struct tls *tls;         /* NULL: plain */
};

/* Remember what epoll says. */
void wire_note(struct wire *w, uint32_t events);

/* Read up to cap bytes. How many; 0 at the end; -EAGAIN, or another -errno. */
ssize_t wire_read(struct wire *w, void *to, size_t cap);

/* Write some of len bytes, not 0. How many were taken; -EAGAIN, or another -errno. */
ssize_t wire_write(struct wire *w, const void *from, size_t len);

/* Whether all that was taken is the kernel's: 0, -EAGAIN, or another -errno. */
int wire_flush(struct wire *w);

/* Say that nothing more will be sent. */
void wire_shut(struct wire *w);

/* The socket's own bytes, for the above and for TLS. */
ssize_t wire_recv(struct wire *w, void *to, size_t cap);
ssize_t wire_send(struct wire *w, const void *from, size_t len);

#endif
