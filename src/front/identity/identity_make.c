/* SPDX-License-Identifier: MIT */
#include "identity_make.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* Bytes for the generator of the key: 256 bits of strength, and half as many for its nonce (NIST SP
 * 800-90A 8.6.7). */
#define SEED_BYTES 48

static int take_random(void *bytes, size_t len, struct err *e)
{
	ssize_t got = getrandom(bytes, len, 0);
	if (got < 0)
		return err_set(e, errno, "getrandom");
	/* Up to 256 bytes it gives all or none: getrandom(2). */
	return (size_t)got < len ? err_say(e, EIO, "getrandom gave too little") : 0;
}

/* Where a key's numbers are. */
struct numbers {
	uint8_t private[BR_EC_KBUF_PRIV_MAX_SIZE];
	uint8_t public[BR_EC_KBUF_PUB_MAX_SIZE];
};

/* key points into numbers. */
static int make_key(struct certificate_key *key, struct numbers *numbers, struct err *e)
{
	uint8_t seed[SEED_BYTES];
	br_hmac_drbg_context generator;
	const br_ec_impl *ec = br_ec_get_default();
	int rc = take_random(seed, sizeof(seed), e);
	if (rc < 0)
		return rc;
	br_hmac_drbg_init(&generator, &br_sha256_vtable, seed, sizeof(seed));
	if (br_ec_keygen(&generator.vtable, ec, &key->private, numbers->private, BR_EC_secp256r1) ==
		    0 ||
	    br_ec_compute_pub(ec, &key->public, numbers->public, &key->private) == 0)
		rc = err_say(e, ENOTSUP, "P-256 is not there");
	explicit_bzero(seed, sizeof(seed));
	explicit_bzero(&generator, sizeof(generator));
	return rc;
}

static int write_key(const struct certificate_key *key, struct identity_pem *pem, struct err *e)
{
	uint8_t der[IDENTITY_MAKE_KEY_BYTES];
	size_t len = br_encode_ec_pkcs8_der(NULL, &key->private, &key->public);
	if (len == 0 || len > sizeof(der))
		return err_say(e, ENOBUFS, "no room for the key");
	br_encode_ec_pkcs8_der(der, &key->private, &key->public);
	pem->key_len = br_pem_encode(pem->key, der, len, BR_ENCODE_PEM_PKCS8, BR_PEM_LINE64);
	explicit_bzero(der, sizeof(der));
	return 0;
}

static int write_certificate(const struct certificate_names *names,
			     const struct certificate_key *key, struct identity_pem *pem,
			     struct err *e)
{
	uint8_t serial[CERTIFICATE_SERIAL_BYTES];
	char der[CERTIFICATE_BYTES];
	struct buf out = {.data = der, .cap = sizeof(der)};
	int rc = take_random(serial, sizeof(serial), e);
	if (rc == 0)
		rc = certificate_make(names, key, serial, &out, e);
	if (rc == 0)
		pem->certificate_len =
			br_pem_encode(pem->certificate, der, out.len, "CERTIFICATE", BR_PEM_LINE64);
	return rc;
}

int identity_make(const struct certificate_names *names, struct identity_pem *pem, struct err *e)
{
	struct certificate_key key;
	struct numbers numbers;
	memset(pem, 0, sizeof(*pem));
	int rc = make_key(&key, &numbers, e);
	if (rc == 0)
		rc = write_key(&key, pem, e);
	if (rc == 0)
		rc = write_certificate(names, &key, pem, e);
	explicit_bzero(&numbers, sizeof(numbers));
	if (rc < 0)
		explicit_bzero(pem, sizeof(*pem));
	return rc;
}
