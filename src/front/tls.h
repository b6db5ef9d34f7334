/* SPDX-License-Identifier: MIT */
/* TLS 1.2 by BearSSL: ECDHE with ChaCha20-Poly1305 or AES-GCM, sessions that can be resumed, no
 * renegotiation, HTTP/1.1 alone by ALPN. RFC 5246, 5289, 7905, 9325. BearSSL's engine does no I/O;
 * the functions here move the bytes.
 *
 * BearSSL 0.6 lacks the extended master secret (RFC 7627), which matters to those who authenticate
 * by clients' certificates or by channel bindings. It ends on a broken record without an alert. */
#ifndef SQUASH_FRONT_TLS_H
#define SQUASH_FRONT_TLS_H

#include <bearssl.h>

#include "front/identity/identity.h"
#include "limits.h"
#include "socket.h"

/* What all connections share. */
struct tls_server {
	const br_ssl_session_cache_class *cache; /* first, for BearSSL: sessions, but for ALPN */
	const struct identity *identity;
	br_ec_impl curves;
	uint64_t began_ms; /* no session is older */
	br_ssl_session_cache_lru sessions;
	uint8_t session_memory[FRONT_SESSION_BYTES];
};

/* One connection, in pages of its own. */
struct tls {
	br_ssl_server_context server;
	/* Of the handshake; then since the last that had data in it. */
	size_t bytes, records;
	bool is_open;
	uint8_t in[BR_SSL_BUFSIZE_INPUT];
	uint8_t out[BR_SSL_BUFSIZE_OUTPUT];
} __attribute__((aligned(4096)));

/* identity is borrowed for good. */
void tls_server_init(struct tls_server *s, const struct identity *identity);

/* Begin a connection. 0, or -errno with e filled. */
int tls_begin(struct tls *t, struct tls_server *s, uint64_t now_ms, struct err *e);

/* Go on with the handshake: 1 when it is done, 0 when it waits for the socket, or -errno. */
int tls_shake_hands(struct tls *t, struct socket *socket);

/* Whether what has come was HTTP without TLS. */
bool tls_was_plain(const struct tls *t);

/* As those of wire.h, by this socket. */
ssize_t tls_read(struct tls *t, struct socket *socket, void *to, size_t cap);
ssize_t tls_write(struct tls *t, struct socket *socket, const void *from, size_t len);
int tls_flush(struct tls *t, struct socket *socket);

/* Say so to the peer (close_notify): 0, or what tls_flush says; it may be called again. */
int tls_close(struct tls *t, struct socket *socket);

#endif
