/* SPDX-License-Identifier: MIT */
/* Who front is by TLS: a private key, and the certificates that say whose it is. Loaded once, from
 * files that the operator or make-identity has written; all of it is looked at before anybody
 * connects, so that what is wrong is told by the log and not by a client. */
#ifndef SQUASH_FRONT_IDENTITY_IDENTITY_H
#define SQUASH_FRONT_IDENTITY_IDENTITY_H

#include <bearssl.h>

#include "lib/err.h"

#define IDENTITY_CHAIN_MAX 8         /* certificates: an own one, a few CAs */
#define IDENTITY_CHAIN_BYTES 65536   /* of PEM: eight, with all that openssl says of each */
#define IDENTITY_DER_BYTES 49152     /* in it: PEM has 4 characters for 3 bytes */
#define IDENTITY_KEY_PEM_BYTES 16384 /* of PEM: a key of RSA 4096 has 3.3 KB */
#define IDENTITY_RSA_BITS_MIN 2048
#define IDENTITY_RSA_BITS_MAX 4096    /* of what BearSSL calculates with */
#define IDENTITY_FINGERPRINT_BYTES 96 /* two digits and a colon, or the NUL, for each of 32 */

/* br_skey_decoder of BearSSL 0.6 takes its buffer for 3 * BR_X509_BUFSIZE_KEY bytes, but it has
 * 3 * BR_X509_BUFSIZE_SIG, at the end of its context: a bad key runs over by the difference. */
struct identity_key {
	br_skey_decoder_context decoder;
	uint8_t beyond[3 * (BR_X509_BUFSIZE_KEY - BR_X509_BUFSIZE_SIG)];
};

/* 52 KB: 48 KiB of certificates, and the key's decoder, 2.2 KB, in which the key stays. It points
 * into itself, and is not to be copied. */
struct identity {
	int key_type;                /* BR_KEYTYPE_EC: ec is the key; BR_KEYTYPE_RSA: rsa */
	const br_ec_private_key *ec; /* NULL if it is the other; borrowed from this */
	const br_rsa_private_key *rsa;
	char key_name[16]; /* "EC P-256", "RSA 2048" */
	/* What the first certificate is signed by, for br_ssl_server_init_full_ec: BR_KEYTYPE_EC or
	 * BR_KEYTYPE_RSA; 0: neither, which is no harm. */
	unsigned issuer_key_type;
	br_x509_certificate chain[IDENTITY_CHAIN_MAX]; /* the key's own first */
	size_t chain_len;
	/* Of the first certificate, as clients do without others, if these are roots and known to
	 * them: seconds since 1970, both still within its validity. */
	int64_t not_before, not_after;
	char fingerprint[IDENTITY_FINGERPRINT_BYTES]; /* its SHA-256: "AA:BB:..." */

	/* What these point into */
	struct identity_key key;
	size_t der_len;
	uint8_t der[IDENTITY_DER_BYTES];
};

/* Load a key (EC on P-256, P-384 or P-521, RSA of 2048 to 4096 bits; in its own form or PKCS#8) and
 * its chain, each certificate's issuer the subject of the next, both as PEM. It is checked that
 * they are a pair, and that the key works; not that names and dates are as a client would have
 * them, nor the signatures. 0; or -errno with e filled, for a person, and *id all zeroes. */
int identity_load(struct identity *id, const uint8_t *key_pem, size_t key_len,
		  const uint8_t *chain_pem, size_t chain_len, struct err *e);

enum identity_when { IDENTITY_NOT_YET, IDENTITY_NOW, IDENTITY_EXPIRED };

/* Whether it is valid at a time, in seconds since 1970. */
enum identity_when identity_when(const struct identity *id, int64_t seconds);

/* Leave nothing of the key in memory. */
void identity_forget(struct identity *id);

#endif
