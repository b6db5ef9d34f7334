/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <errno.h>
#include <sys/socket.h>

ssize_t wire_read(struct wire *w, void *to, size_t cap)
{
	return w->tls ? tls_read(w->tls, &w->socket, to, cap) : socket_recv(&w->socket, to, cap);
}

ssize_t wire_write(struct wire *w, const void *from, size_t len)
{
	return w->tls ? tls_write(w->tls, &w->socket, from, len)
		      : socket_send(&w->socket, from, len);
}

int wire_flush(struct wire *w)
{
	return w->tls ? tls_flush(w->tls, &w->socket) : 0;
}

int wire_shut(struct wire *w)
{
	if (w->tls && tls_close(w->tls, &w->socket) == -EAGAIN)
		return -EAGAIN;
	shutdown(w->socket.source.fd, SHUT_WR);
	return 0;
}
