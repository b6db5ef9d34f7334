/* SPDX-License-Identifier: MIT */
#include "socket.h"

#include <errno.h>
#include <sys/socket.h>

void socket_note(struct socket *s, uint32_t events)
{
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->readable = true;
	if (events & EPOLLOUT)
		s->writable = true;
	/* Both directions are gone; what has come can still be read. */
	if (events & (EPOLLHUP | EPOLLERR))
		s->broken = true;
}

ssize_t socket_recv(struct socket *s, void *to, size_t cap)
{
	if (!s->readable)
		return -EAGAIN;
	ssize_t n;
	do {
		n = recv(s->source.fd, to, cap, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		s->readable = false;
	return n < 0 ? -errno : n;
}

ssize_t socket_send(struct socket *s, const void *from, size_t len)
{
	if (s->broken)
		return -EPIPE;
	if (!s->writable)
		return -EAGAIN;
	ssize_t n;
	do {
		n = send(s->source.fd, from, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		s->writable = false;
	return n < 0 ? -errno : n;
}
