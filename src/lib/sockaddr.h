/* SPDX-License-Identifier: MIT */
/* Addresses as sockets have them. */
#ifndef SQUASH_LIB_SOCKADDR_H
#define SQUASH_LIB_SOCKADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "addr.h"

union sockaddr_any {
	struct sockaddr head;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The length of *out. port is in host byte order. */
socklen_t sockaddr_from(const struct addr *a, uint16_t port, union sockaddr_any *out);

/* False if it is of neither family. */
bool sockaddr_to(const union sockaddr_any *in, struct addr *a, uint16_t *port);

/* A new socket of the address' family; type is SOCK_STREAM or SOCK_DGRAM. It doesn't block. -errno
 * without one. */
int sockaddr_socket(const struct addr *a, int type);

/* Bind it to the device of that index: what it sends leaves by that, or not at all. 0 or -errno.
 * Source: socket(7), SO_BINDTODEVICE, and sock_bindtoindex() in Linux' net/core/sock.c: a socket
 * that isn't bound yet takes no privilege. */
int sockaddr_bind_device(int fd, int index);

#endif
