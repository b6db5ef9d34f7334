/* SPDX-License-Identifier: MIT */
#include "identity_pair.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What is signed for a try. */
static const uint8_t hash[br_sha256_SIZE] = "a hash of nothing in particular";

static int check_ec_key(struct identity *id, struct err *e)
{
	static const struct {
		int curve;
		const char *name;
	} curves[] = {
		{BR_EC_secp256r1, "EC P-256"},
		{BR_EC_secp384r1, "EC P-384"},
		{BR_EC_secp521r1, "EC P-521"},
	};
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (curves[i].curve != id->ec->curve)
			continue;
		size_t order_len;
		br_ec_get_default()->order(id->ec->curve, &order_len);
		/* Old programs leave leading zeros out. */
		if (id->ec->xlen == 0 || id->ec->xlen > order_len)
			return err_say(e, EINVAL, "the private key is not of its curve's length");
		snprintf(id->key_name, sizeof(id->key_name), "%s", curves[i].name);
		return 0;
	}
	return err_say(e, EINVAL, "the private key's curve is not supported");
}

int identity_check_key(struct identity *id, struct err *e)
{
	if (id->ec)
		return check_ec_key(id, e);
	uint32_t bits = id->rsa->n_bitlen;
	if (bits < IDENTITY_RSA_BITS_MIN || bits > IDENTITY_RSA_BITS_MAX)
		return err_say(e, EINVAL,
			       "the private key is RSA of %u bits, which is none of %d to %d", bits,
			       IDENTITY_RSA_BITS_MIN, IDENTITY_RSA_BITS_MAX);
	snprintf(id->key_name, sizeof(id->key_name), "RSA %u", bits);
	return 0;
}

static bool is_ec_pair(const br_ec_private_key *key, const br_ec_public_key *public)
{
	uint8_t point[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_public_key computed;
	return key->curve == public->curve &&
	       br_ec_compute_pub(br_ec_get_default(), &computed, point, key) > 0 &&
	       computed.qlen == public->qlen && memcmp(computed.q, public->q, public->qlen) == 0;
}

static bool is_rsa_pair(const br_rsa_private_key *key, const br_rsa_public_key *public)
{
	uint8_t modulus[IDENTITY_RSA_BITS_MAX / 8];
	/* Not the default of BearSSL 0.6, which has not the room for 4096 bits that it says. */
	size_t len = br_rsa_i15_compute_modulus(modulus, key);
	return len > 0 && len == public->nlen && memcmp(modulus, public->n, len) == 0;
}

static bool does_ec_work(const br_ec_private_key *key, const br_ec_public_key *public)
{
	uint8_t signature[2 * BR_EC_KBUF_PRIV_MAX_SIZE + 8]; /* two integers and DER's heads */
	const br_ec_impl *ec = br_ec_get_default();
	size_t len = br_ecdsa_sign_asn1_get_default()(ec, &br_sha256_vtable, hash, key, signature);
	return len > 0 && br_ecdsa_vrfy_asn1_get_default()(ec, hash, sizeof(hash), public,
							   signature, len) == 1;
}

static bool does_rsa_work(const br_rsa_private_key *key, const br_rsa_public_key *public)
{
	uint8_t signature[IDENTITY_RSA_BITS_MAX / 8], back[sizeof(hash)];
	return br_rsa_pkcs1_sign_get_default()(BR_HASH_OID_SHA256, hash, sizeof(hash), key,
					       signature) == 1 &&
	       br_rsa_pkcs1_vrfy_get_default()(signature, (key->n_bitlen + 7) / 8,
					       BR_HASH_OID_SHA256, sizeof(hash), public,
					       back) == 1 &&
	       memcmp(back, hash, sizeof(hash)) == 0;
}

int identity_check_pair(const struct identity *id, const br_x509_pkey *public, struct err *e)
{
	bool pair = public->key_type == id->key_type &&
		    (id->ec ? is_ec_pair(id->ec, &public->key.ec)
			    : is_rsa_pair(id->rsa, &public->key.rsa));
	if (!pair)
		return err_say(e, EINVAL, "the private key is not that of the first certificate");
	if (id->ec ? !does_ec_work(id->ec, &public->key.ec)
		   : !does_rsa_work(id->rsa, &public->key.rsa))
		return err_say(e, EINVAL, "the private key is damaged: what it signs is not valid");
	return 0;
}
