/* SPDX-License-Identifier: MIT */
/* The part of inspect.h that follows TLS up to the ServerHello: after a HelloRetryRequest the
 * client says hello again, in clear (RFC 8446 4.1.2, 4.1.4). */
#ifndef SQUASH_EGRESS_INSPECT_TLS_H
#define SQUASH_EGRESS_INSPECT_TLS_H

#include "inspect_verdict.h"
#include "tls_record.h"

enum inspect_tls_state {
	INSPECT_TLS_HELLO,   /* reads a ClientHello */
	INSPECT_TLS_ASKED,   /* has said what the first one asks for */
	INSPECT_TLS_BETWEEN, /* behind one: reads what isn't of the handshake */
	INSPECT_TLS_DONE,    /* a ServerHello has come */
};

enum inspect_tls_answer {
	INSPECT_TLS_SILENCE, /* nothing that matters, since the last ClientHello */
	INSPECT_TLS_RETRY,   /* a HelloRetryRequest */
	INSPECT_TLS_OTHER,   /* something that isn't TLS: no ClientHello may follow */
};

/* All zero: the first ClientHello is to come. */
struct inspect_tls {
	enum inspect_tls_state state;
	enum inspect_tls_answer answer;
	struct tls_message hello;
	int hellos; /* that have gone on */
};

/* As inspect_client, inspect_server and inspect_server_ended of inspect.h. says->asked is what the
 * first ClientHello asked for: the caller leaves it as it is. */
enum inspect_verdict inspect_tls_client(struct inspect_tls *t, const uint8_t *held, size_t len,
					struct inspect_says *says);
enum inspect_verdict inspect_tls_server(struct inspect_tls *t, const uint8_t *peeked, size_t len,
					struct inspect_says *says);
void inspect_tls_server_ended(struct inspect_tls *t);

/* Returns whether the server's bytes must be seen before they go on. */
bool inspect_tls_listens(const struct inspect_tls *t);

#endif
