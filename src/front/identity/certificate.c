/* SPDX-License-Identifier: MIT */
#include "certificate.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "der_write.h"
#include "lib/hostname.h"
#include "lib/sha256.h"

#define KEY_ID_BYTES 20

/* Object identifiers, their contents. */
static const uint8_t ecdsa_with_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t prime256v1[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t common_name[] = {0x55, 0x04, 0x03};
static const uint8_t server_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};

/* RFC 5280 4.2.1: 2.5.29.number */
enum extension {
	SUBJECT_KEY_ID = 14,
	KEY_USAGE = 15,
	SUBJECT_ALT_NAME = 17,
	BASIC_CONSTRAINTS = 19,
	EXTENDED_KEY_USAGE = 37,
};

/* Choices of GeneralName, RFC 5280 4.2.1.6 */
enum { DNS_NAME = 2, IP_ADDRESS = 7 };

/* RFC 5758 3.2: without parameters */
static void add_signature_algorithm(struct buf *b)
{
	size_t sequence = der_begin(b, DER_SEQUENCE);
	der_add(b, DER_OID, ecdsa_with_sha256, sizeof(ecdsa_with_sha256));
	der_end(b, sequence);
}

static void add_bit_string(struct buf *b, const void *bytes, size_t len)
{
	static const uint8_t unused_bits = 0;
	size_t string = der_begin(b, DER_BIT_STRING);
	buf_add(b, &unused_bits, 1);
	buf_add(b, bytes, len);
	der_end(b, string);
}

/* A name of one CN. */
static void add_name(struct buf *b, const char *host)
{
	size_t name = der_begin(b, DER_SEQUENCE);
	size_t set = der_begin(b, DER_SET);
	size_t attribute = der_begin(b, DER_SEQUENCE);
	der_add(b, DER_OID, common_name, sizeof(common_name));
	der_add(b, DER_UTF8_STRING, host, strlen(host));
	der_end(b, attribute);
	der_end(b, set);
	der_end(b, name);
}

/* RFC 5280 4.1.2.5: a UTCTime up to 2049. */
static void add_validity(struct buf *b)
{
	size_t validity = der_begin(b, DER_SEQUENCE);
	der_add(b, DER_UTC_TIME, "190101000000Z", 13);
	der_add(b, DER_GENERALIZED_TIME, "99991231235959Z", 15);
	der_end(b, validity);
}

/* RFC 5480 2 */
static void add_public_key(struct buf *b, const br_ec_public_key *key)
{
	size_t info = der_begin(b, DER_SEQUENCE);
	size_t algorithm = der_begin(b, DER_SEQUENCE);
	der_add(b, DER_OID, ec_public_key, sizeof(ec_public_key));
	der_add(b, DER_OID, prime256v1, sizeof(prime256v1));
	der_end(b, algorithm);
	add_bit_string(b, key->q, key->qlen);
	der_end(b, info);
}

struct begun {
	size_t extension, value;
};

/* Open an extension, whose value is what is added up to end_extension. */
static struct begun begin_extension(struct buf *b, enum extension id, bool critical)
{
	static const uint8_t yes = 0xff;
	const uint8_t oid[3] = {0x55, 0x1d, (uint8_t)id};
	struct begun begun;
	begun.extension = der_begin(b, DER_SEQUENCE);
	der_add(b, DER_OID, oid, sizeof(oid));
	if (critical)
		der_add(b, DER_BOOLEAN, &yes, 1);
	begun.value = der_begin(b, DER_OCTET_STRING);
	return begun;
}

static void end_extension(struct buf *b, struct begun begun)
{
	der_end(b, begun.value);
	der_end(b, begun.extension);
}

/* RFC 7093 2 (1): 160 bits of the key's SHA-256. */
static void add_key_id(struct buf *b, const br_ec_public_key *key)
{
	uint8_t hash[SHA256_BYTES];
	sha256_of(key->q, key->qlen, hash);
	struct begun begun = begin_extension(b, SUBJECT_KEY_ID, false);
	der_add(b, DER_OCTET_STRING, hash, KEY_ID_BYTES);
	end_extension(b, begun);
}

/* What the key is for: signing handshakes, of a server, and nothing else. */
static void add_usage(struct buf *b)
{
	static const uint8_t digital_signature[] = {7, 0x80}; /* the first bit; 7 are not used */
	struct begun begun = begin_extension(b, BASIC_CONSTRAINTS, true);
	der_end(b, der_begin(b, DER_SEQUENCE)); /* cA is FALSE unless it is there */
	end_extension(b, begun);

	begun = begin_extension(b, KEY_USAGE, true);
	der_add(b, DER_BIT_STRING, digital_signature, sizeof(digital_signature));
	end_extension(b, begun);

	begun = begin_extension(b, EXTENDED_KEY_USAGE, false);
	size_t purposes = der_begin(b, DER_SEQUENCE);
	der_add(b, DER_OID, server_auth, sizeof(server_auth));
	der_end(b, purposes);
	end_extension(b, begun);
}

static void add_addr(struct buf *b, const struct addr *a)
{
	der_add(b, DER_CONTEXT(IP_ADDRESS), a->bytes, a->family == 4 ? 4 : 16);
}

static void add_alt_names(struct buf *b, const struct certificate_names *names)
{
	static const char localhost[] = "localhost";
	static const struct addr loopback4 = {.family = 4, .bytes = {127, 0, 0, 1}};
	static const struct addr loopback6 = {.family = 6, .bytes = {[15] = 1}};
	struct begun begun = begin_extension(b, SUBJECT_ALT_NAME, false);
	size_t all = der_begin(b, DER_SEQUENCE);
	der_add(b, DER_CONTEXT(DNS_NAME), names->host, strlen(names->host));
	if (strcasecmp(names->host, localhost) != 0)
		der_add(b, DER_CONTEXT(DNS_NAME), localhost, sizeof(localhost) - 1);
	add_addr(b, &loopback4);
	add_addr(b, &loopback6);
	for (size_t i = 0; i < names->addr_count; i++) {
		const struct addr *a = &names->addrs[i];
		bool again = addr_equal(a, &loopback4) || addr_equal(a, &loopback6);
		for (size_t j = 0; j < i && !again; j++)
			again = addr_equal(a, &names->addrs[j]);
		if (!again)
			add_addr(b, a);
	}
	der_end(b, all);
	end_extension(b, begun);
}

/* Positive and of full length whatever the random bytes are: RFC 5280 4.1.2.2 wants the one, and
 * DER that no byte could be left out. */
static void add_serial(struct buf *b, const uint8_t random[CERTIFICATE_SERIAL_BYTES])
{
	uint8_t serial[CERTIFICATE_SERIAL_BYTES];
	memcpy(serial, random, sizeof(serial));
	serial[0] = (serial[0] & 0x7f) | 0x40;
	der_add(b, DER_INTEGER, serial, sizeof(serial));
}

/* TBSCertificate, RFC 5280 4.1.2 */
static void add_signed_part(struct buf *b, const struct certificate_names *names,
			    const br_ec_public_key *key,
			    const uint8_t serial[CERTIFICATE_SERIAL_BYTES])
{
	static const uint8_t v3 = 2;
	size_t tbs = der_begin(b, DER_SEQUENCE);
	size_t version = der_begin(b, DER_CONTEXT_OF(0));
	der_add(b, DER_INTEGER, &v3, 1);
	der_end(b, version);
	add_serial(b, serial);
	add_signature_algorithm(b);
	add_name(b, names->host); /* issuer */
	add_validity(b);
	add_name(b, names->host);
	add_public_key(b, key);
	size_t explicit = der_begin(b, DER_CONTEXT_OF(3));
	size_t extensions = der_begin(b, DER_SEQUENCE);
	add_key_id(b, key);
	add_usage(b);
	add_alt_names(b, names);
	der_end(b, extensions);
	der_end(b, explicit);
	der_end(b, tbs);
}

/* The signature's DER, RFC 5480 A, of the bytes. Returns its length, 0 if the key is none. */
static size_t sign(const void *bytes, size_t len, const br_ec_private_key *key, uint8_t *signature)
{
	uint8_t hash[SHA256_BYTES];
	sha256_of(bytes, len, hash);
	return br_ecdsa_sign_asn1_get_default()(br_ec_get_default(), &br_sha256_vtable, hash, key,
						signature);
}

int certificate_make(const struct certificate_names *names, const struct certificate_key *key,
		     const uint8_t serial[CERTIFICATE_SERIAL_BYTES], struct buf *out, struct err *e)
{
	enum { SIGNATURE_BYTES = 72 }; /* two integers of 33 bytes with 2 each before them, and 2 */
	uint8_t signature[SIGNATURE_BYTES];
	const char *fault = hostname_check(names->host);
	if (fault)
		return err_say(e, EINVAL, "the host's name %s", fault);
	if (names->addr_count > CERTIFICATE_ADDRS_MAX)
		return err_say(e, E2BIG, "%zu addresses are too many for a certificate, %d at most",
			       names->addr_count, CERTIFICATE_ADDRS_MAX);
	if (key->private.curve != BR_EC_secp256r1 || key->public.curve != BR_EC_secp256r1)
		return err_say(e, EINVAL, "a certificate is made for a key of P-256 alone");
	size_t certificate = der_begin(out, DER_SEQUENCE), tbs = out->len;
	add_signed_part(out, names, &key->public, serial);
	if (out->full)
		return err_say(e, ENOBUFS, "no room for the certificate");
	size_t len = sign(out->data + tbs, out->len - tbs, &key->private, signature);
	if (len == 0)
		return err_say(e, EINVAL, "cannot sign the certificate by this key");
	add_signature_algorithm(out);
	add_bit_string(out, signature, len);
	der_end(out, certificate);
	return out->full ? err_say(e, ENOBUFS, "no room for the certificate") : 0;
}
