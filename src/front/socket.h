/* SPDX-License-Identifier: MIT */
/* The bytes of one socket. It doesn't block, and is watched edge-triggered: it is remembered to be
 * ready until it says EAGAIN. */
#ifndef SQUASH_FRONT_SOCKET_H
#define SQUASH_FRONT_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/loop.h"

#define SOCKET_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | (uint32_t)EPOLLET)

struct socket {
	struct loop_source source;
	bool readable, writable; /* as far as is known */
	bool broken;             /* nothing can be sent any more */
};

/* Remembers what epoll says. */
void socket_note(struct socket *s, uint32_t events);

/* Reads up to cap bytes. Returns how many; 0 at the end; -EAGAIN, or another -errno. */
ssize_t socket_recv(struct socket *s, void *to, size_t cap);

/* Writes some of len bytes, not 0. Returns how many were taken; -EAGAIN, or another -errno. */
ssize_t socket_send(struct socket *s, const void *from, size_t len);

#endif
