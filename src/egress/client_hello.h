/* SPDX-License-Identifier: MIT */
/* The server name of a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3). Pure. */
#ifndef SQUASH_EGRESS_CLIENT_HELLO_H
#define SQUASH_EGRESS_CLIENT_HELLO_H

#include <stdbool.h>

#include "inspect_verdict.h"

/* Reads the message, without its head of 4 bytes: asked is ASKED_NAME or ASKED_NOTHING. Returns
 * false if it is malformed, names several servers, or an address (RFC 6066: it is no name). */
bool client_hello_read(const uint8_t *message, size_t len, struct asked *asked);

#endif
