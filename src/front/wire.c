/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <errno.h>
#include <sys/socket.h>

#include "tls.h"

void wire_note(struct wire *w, uint32_t events)
{
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		w->readable = true;
	if (events & EPOLLOUT)
		w->writable = true;
	/* Both directions are gone; what has come can still be read. */
	if (events & (EPOLLHUP | EPOLLERR))
		w->broken = true;
}

ssize_t wire_recv(struct wire *w, void *to, size_t cap)
{
	if (!w->readable)
		return -EAGAIN;
	ssize_t n;
	do {
		n = recv(w->source.fd, to, cap, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		w->readable = false;
	return n < 0 ? -errno : n;
}

ssize_t wire_send(struct wire *w, const void *from, size_t len)
{
	if (w->broken)
		return -EPIPE;
	if (!w->writable)
		return -EAGAIN;
	ssize_t n;
	do {
		n = send(w->source.fd, from, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		w->writable = false;
	return n < 0 ? -errno : n;
}

ssize_t wire_read(struct wire *w, void *to, size_t cap)
{
	return w->tls ? tls_read(w->tls, w, to, cap) : wire_recv(w, to, cap);
}

ssize_t wire_write(struct wire *w, const void *from, size_t len)
{
	return w->tls ? tls_write(w->tls, w, from, len) : wire_send(w, from, len);
}

int wire_flush(struct wire *w)
{
	return w->tls ? tls_flush(w->tls, w) : 0;
}

int wire_shut(struct wire *w)
{
	if (w->tls && tls_close(w->tls, w) == -EAGAIN)
		return -EAGAIN;
	shutdown(w->source.fd, SHUT_WR);
	return 0;
}
