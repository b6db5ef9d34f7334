/* SPDX-License-Identifier: MIT */
/* ask-health: ask the API whether it is well, as a client does that knows its certificate. init
 * runs it when a new version is on trial. Descriptor 3 is connected to front's TLS port, 4 is
 * chain.pem, of which the first certificate's key is the one that is taken, and no other. 0: the
 * API has answered, if only that it takes a token; 1: it hasn't, and a line on stderr says why. */
#include <bearssl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "identity.h"
#include "lib/fd.h"
#include "lib/seccomp.h"
#include "pem.h"

enum { STDERR_FD = 2, SOCKET_FD = 3, CHAIN_FD = 4 };

#define STATUS_BYTES 12 /* "HTTP/1.1 200" */

static const struct seccomp_rule rules[] = {
	ALLOW(SYS_getrandom),
	ALLOW_IF(SYS_read, ARG_IS(0, SOCKET_FD)),
	ALLOW_IF(SYS_read, ARG_IS(0, CHAIN_FD)),
	ALLOW_IF(SYS_write, ARG_IS(0, SOCKET_FD)),
	ALLOW_IF(SYS_writev, ARG_IS(0, STDERR_FD)), /* musl's stdio */
	ALLOW_RESTART_AND_EXIT,
};

static const struct seccomp_table calls = {rules, sizeof(rules) / sizeof(rules[0]), 0};

static void take_der(void *context, const void *bytes, size_t len)
{
	br_x509_decoder_push(context, bytes, len);
}

/* The key of the first certificate; it points into d. */
static const br_x509_pkey *read_key(br_x509_decoder_context *d, struct err *e)
{
	static uint8_t text[IDENTITY_CHAIN_BYTES];
	struct pem pem;
	ssize_t n = fd_read_all(CHAIN_FD, text, sizeof(text));
	if (n < 0) {
		err_set(e, (int)-n, "read the certificates");
		return NULL;
	}
	pem_init(&pem, text, (size_t)n);
	br_x509_decoder_init(d, NULL, NULL);
	while (pem_next(&pem))
		if (pem_is(&pem, "CERTIFICATE")) {
			if (pem_decode(&pem, take_der, d, e) < 0)
				return NULL;
			break;
		}
	const br_x509_pkey *key = br_x509_decoder_get_pkey(d);
	if (!key)
		err_say(e, EINVAL, "the certificate can't be read");
	return key;
}

struct client {
	br_ssl_client_context tls;
	br_x509_knownkey_context known;
	br_sslio_context io;
	uint8_t buffer[BR_SSL_BUFSIZE_BIDI];
};

/* What front offers first, by either kind of key. */
static const uint16_t suites[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
};

static int begin(struct client *c, const br_x509_pkey *key, struct err *e)
{
	br_ssl_engine_context *engine = &c->tls.eng;
	uint8_t seed[32];
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return err_set(e, errno, "getrandom");
	if (key->key_type == BR_KEYTYPE_EC)
		br_x509_knownkey_init_ec(&c->known, &key->key.ec, BR_KEYTYPE_SIGN);
	else
		br_x509_knownkey_init_rsa(&c->known, &key->key.rsa, BR_KEYTYPE_SIGN);
	br_ssl_client_zero(&c->tls);
	br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_suites(engine, suites, sizeof(suites) / sizeof(suites[0]));
	br_ssl_engine_set_ec(engine, br_ec_get_default());
	br_ssl_engine_set_default_ecdsa(engine);
	br_ssl_engine_set_default_rsavrfy(engine);
	br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
	br_ssl_engine_set_default_aes_gcm(engine);
	br_ssl_engine_set_x509(engine, &c->known.vtable);
	br_ssl_engine_set_buffer(engine, c->buffer, sizeof(c->buffer), 1);
	br_ssl_engine_inject_entropy(engine, seed, sizeof(seed));
	if (!br_ssl_client_reset(&c->tls, NULL, 0))
		return err_say(e, EPROTO, "TLS can't begin (BearSSL: %d)",
			       br_ssl_engine_last_error(engine));
	return 0;
}

/* For BearSSL: some bytes, or -1. init has given the socket its timeouts. */
static int read_socket(void *context, unsigned char *data, size_t len)
{
	ssize_t n;
	(void)context;
	do {
		n = read(SOCKET_FD, data, len);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? (int)n : -1;
}

static int write_socket(void *context, const unsigned char *data, size_t len)
{
	(void)context;
	return fd_write_all(SOCKET_FD, data, len) < 0 ? -1 : (int)len;
}

static int ask(struct client *c, struct err *e)
{
	static const char request[] = "GET /cgi-bin/health HTTP/1.1\r\n"
				      "Host: localhost\r\n"
				      "Connection: close\r\n\r\n";
	char status[STATUS_BYTES + 1] = "";
	br_sslio_init(&c->io, &c->tls.eng, read_socket, NULL, write_socket, NULL);
	if (br_sslio_write_all(&c->io, request, sizeof(request) - 1) < 0 ||
	    br_sslio_flush(&c->io) < 0 || br_sslio_read_all(&c->io, status, STATUS_BYTES) < 0)
		return err_say(e, EPROTO, "the API does not answer (BearSSL: %d)",
			       br_ssl_engine_last_error(&c->tls.eng));
	if (strcmp(status, "HTTP/1.1 200") != 0 && strcmp(status, "HTTP/1.1 401") != 0)
		return err_say(e, EPROTO, "the API is not well");
	return 0;
}

int main(void)
{
	static struct client client;
	static br_x509_decoder_context decoder;
	struct err e;
	int rc = seccomp_confine(&calls, &e);
	const br_x509_pkey *key = rc < 0 ? NULL : read_key(&decoder, &e);
	if (key && begin(&client, key, &e) == 0 && ask(&client, &e) == 0)
		return 0;
	fprintf(stderr, "ask-health: %s\n", e.text);
	return 1;
}
