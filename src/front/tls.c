/* SPDX-License-Identifier: MIT */
#include "tls.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

/* What clients of the last ten years have; which of them is theirs to choose, as they know what
 * their processor is good at. */
static const uint16_t suites[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

static void save_session(const br_ssl_session_cache_class **cache, br_ssl_server_context *server,
			 const br_ssl_session_parameters *session)
{
	struct tls_server *s = (struct tls_server *)(void *)cache;
	s->sessions.vtable->save(&s->sessions.vtable, server, session);
}

/* BearSSL 0.6 calls this before it reads the hello's extensions. For a client that resumes a
 * session and offers none of our protocols it would then copy a string from the 65535th place
 * behind their names; so it is to look for none. Who is told no protocol speaks HTTP/1.1. */
static int load_session(const br_ssl_session_cache_class **cache, br_ssl_server_context *server,
			br_ssl_session_parameters *session)
{
	struct tls_server *s = (struct tls_server *)(void *)cache;
	int found = s->sessions.vtable->load(&s->sessions.vtable, server, session);
	if (found)
		br_ssl_engine_set_protocol_names(&server->eng, NULL, 0);
	return found;
}

static const br_ssl_session_cache_class cache_class = {
	.context_size = sizeof(struct tls_server),
	.save = save_session,
	.load = load_session,
};

static void forget_sessions(struct tls_server *s, uint64_t now_ms)
{
	s->began_ms = now_ms;
	explicit_bzero(s->session_memory, sizeof(s->session_memory));
	br_ssl_session_cache_lru_init(&s->sessions, s->session_memory, sizeof(s->session_memory));
}

void tls_server_init(struct tls_server *s, const struct identity *identity)
{
	_Static_assert(offsetof(struct tls_server, cache) == 0, "BearSSL is given its address");
	s->cache = &cache_class;
	s->identity = identity;
	/* Those that everybody has. One who may ask for P-521 would cost 20 times as much. */
	s->curves = *br_ec_get_default();
	s->curves.supported_curves &= 1U << BR_EC_secp256r1 | 1U << BR_EC_curve25519;
	forget_sessions(s, 0);
}

static void set_identity(br_ssl_server_context *server, const struct identity *id)
{
	if (id->key_type == BR_KEYTYPE_EC)
		br_ssl_server_set_single_ec(server, id->chain, id->chain_len, id->ec,
					    BR_KEYTYPE_SIGN, id->issuer_key_type,
					    br_ec_get_default(), br_ecdsa_sign_asn1_get_default());
	else
		br_ssl_server_set_single_rsa(server, id->chain, id->chain_len, id->rsa,
					     BR_KEYTYPE_SIGN, br_rsa_private_get_default(),
					     br_rsa_pkcs1_sign_get_default());
}

int tls_begin(struct tls *t, struct tls_server *s, uint64_t now_ms, struct err *e)
{
	/* HTTP/1.1 alone: who speaks HTTP/2 as well is told so. */
	static const char *protocols[] = {"http/1.1"};
	br_ssl_server_context *server = &t->server;
	br_ssl_engine_context *engine = &server->eng;
	uint8_t seed[32];
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return err_set(e, errno, "getrandom");
	if (now_ms - s->began_ms > FRONT_SESSIONS_MS)
		forget_sessions(s, now_ms);
	t->bytes = t->records = 0;
	t->is_open = false;
	t->in[0] = 0; /* for tls_was_plain */

	br_ssl_server_zero(server);
	br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_suites(engine, suites, sizeof(suites) / sizeof(suites[0]));
	br_ssl_engine_set_ec(engine, &s->curves);
	br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(engine, &br_tls12_sha384_prf);
	br_ssl_engine_set_default_aes_gcm(engine);
	br_ssl_engine_set_default_chapol(engine);
	br_ssl_engine_add_flags(engine, BR_OPT_NO_RENEGOTIATION | BR_OPT_FAIL_ON_ALPN_MISMATCH);
	br_ssl_engine_set_protocol_names(engine, protocols, 1);
	br_ssl_server_set_cache(server, &s->cache);
	set_identity(server, s->identity);
	br_ssl_engine_set_buffers_bidi(engine, t->in, sizeof(t->in), t->out, sizeof(t->out));
	br_ssl_engine_inject_entropy(engine, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));
	if (!br_ssl_server_reset(server))
		return err_say(e, EPROTO, "TLS can't begin (BearSSL: %d)",
			       br_ssl_engine_last_error(engine));
	return 0;
}

int tls_flush(struct tls *t, struct socket *socket)
{
	br_ssl_engine_context *engine = &t->server.eng;
	while (br_ssl_engine_current_state(engine) & BR_SSL_SENDREC) {
		size_t len;
		uint8_t *record = br_ssl_engine_sendrec_buf(engine, &len);
		/* It has agreed on none: an alert that says so, which clients wouldn't read. */
		if (engine->version_out == 0 && len > 2) {
			record[1] = (uint8_t)(t->server.client_max_version >> 8);
			record[2] = (uint8_t)t->server.client_max_version;
		}
		ssize_t n = socket_send(socket, record, len);
		if (n < 0)
			return (int)n;
		br_ssl_engine_sendrec_ack(engine, (size_t)n);
	}
	return 0;
}

/* A client that sends without end what leads to nothing would keep us from all others. */
static bool is_endless(const struct tls *t)
{
	if (t->is_open)
		return t->records > FRONT_EMPTY_RECORDS;
	return t->records > FRONT_HANDSHAKE_RECORDS || t->bytes > FRONT_HANDSHAKE_BYTES;
}

/* Take what the socket has, as far as the engine wants it. 0; 1 at the end; -EAGAIN, or another
 * -errno. */
static int take_records(struct tls *t, struct socket *socket)
{
	size_t len;
	br_ssl_engine_context *engine = &t->server.eng;
	uint8_t *record = br_ssl_engine_recvrec_buf(engine, &len);
	ssize_t n = socket_recv(socket, record, len);
	if (n <= 0)
		return n < 0 ? (int)n : 1;
	t->bytes += (size_t)n;
	if (record == t->in) /* where each begins */
		t->records++;
	if (is_endless(t))
		return -EPROTO;
	br_ssl_engine_recvrec_ack(engine, (size_t)n);
	return 0;
}

int tls_shake_hands(struct tls *t, struct socket *socket)
{
	br_ssl_engine_context *engine = &t->server.eng;
	for (;;) {
		/* What is ours to say comes first: an alert, too. */
		int rc = tls_flush(t, socket);
		unsigned state = br_ssl_engine_current_state(engine);
		if (state & BR_SSL_CLOSED)
			return -EPROTO;
		if (rc < 0)
			return rc == -EAGAIN ? 0 : rc;
		if (state & BR_SSL_SENDAPP) {
			t->is_open = true;
			t->records = 0;
			return 1;
		}
		if (!(state & BR_SSL_RECVREC))
			return -EPROTO;
		rc = take_records(t, socket);
		if (rc == -EAGAIN)
			return 0;
		if (rc != 0)
			return rc < 0 ? rc : -ECONNRESET;
	}
}

bool tls_was_plain(const struct tls *t)
{
	/* The engine reads a record into its buffer from the beginning: its type is no letter. */
	return t->in[0] >= 'A' && t->in[0] <= 'Z';
}

ssize_t tls_read(struct tls *t, struct socket *socket, void *to, size_t cap)
{
	br_ssl_engine_context *engine = &t->server.eng;
	for (;;) {
		/* It may have something to say of its own: that nothing is negotiated anew. */
		int rc = tls_flush(t, socket);
		if (rc < 0 && rc != -EAGAIN)
			return rc;
		unsigned state = br_ssl_engine_current_state(engine);
		if (state & BR_SSL_RECVAPP) {
			size_t len;
			const uint8_t *bytes = br_ssl_engine_recvapp_buf(engine, &len);
			size_t n = len < cap ? len : cap;
			memcpy(to, bytes, n);
			br_ssl_engine_recvapp_ack(engine, n);
			t->records = 0;
			return (ssize_t)n;
		}
		if (state & BR_SSL_CLOSED)
			return br_ssl_engine_last_error(engine) == BR_ERR_OK ? 0 : -EPROTO;
		if (!(state & BR_SSL_RECVREC))
			return rc < 0 ? rc : -EPROTO;
		rc = take_records(t, socket);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
}

ssize_t tls_write(struct tls *t, struct socket *socket, const void *from, size_t len)
{
	br_ssl_engine_context *engine = &t->server.eng;
	size_t room;
	int rc = tls_flush(t, socket);
	if (rc < 0)
		return rc;
	uint8_t *to = br_ssl_engine_sendapp_buf(engine, &room);
	if (!to)
		return br_ssl_engine_current_state(engine) & BR_SSL_CLOSED ? -EPIPE : -EAGAIN;
	size_t n = len < room ? len : room;
	memcpy(to, from, n);
	br_ssl_engine_sendapp_ack(engine, n);
	br_ssl_engine_flush(engine, 0);
	rc = tls_flush(t, socket);
	return rc < 0 && rc != -EAGAIN ? rc : (ssize_t)n;
}

int tls_close(struct tls *t, struct socket *socket)
{
	br_ssl_engine_close(&t->server.eng);
	return tls_flush(t, socket);
}
