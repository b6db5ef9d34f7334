/* SPDX-License-Identifier: MIT */
/* Identities that are made, and loaded again. What others make has tests/front/test_identity.py */
#include <string.h>

#include "exact.h"
#include "front/identity/der_read.h"
#include "front/identity/identity.h"
#include "front/identity/identity_make.h"
#include "lib/sha256.h"
#include "tap.h"

#define CERTIFICATES 500

static const struct certificate_names squash = {.host = "squash"};

/* Whether all of these bytes are DER, with integers that have no byte too many. */
static bool is_der(struct der d)
{
	while (d.left > 0) {
		uint8_t tag;
		struct der content;
		if (!der_take(&d, &tag, &content))
			return false;
		if (tag == DER_INTEGER &&
		    (content.left == 0 ||
		     (content.left > 1 &&
		      (content.at[0] == 0 ? content.at[1] < 0x80
					  : content.at[0] == 0xff && content.at[1] >= 0x80))))
			return false;
		if (tag & 0x20 && !is_der(content)) /* constructed */
			return false;
	}
	return true;
}

/* The signature's SEQUENCE, which is in the BIT STRING that is last, verifies by the key. */
static bool is_signed(struct der d, const br_ec_public_key *key)
{
	struct der certificate, tbs, skipped, signature;
	uint8_t hash[SHA256_BYTES];
	if (!der_take_tag(&d, DER_SEQUENCE, &certificate))
		return false;
	const uint8_t *begin = certificate.at;
	if (!der_take_tag(&certificate, DER_SEQUENCE, &tbs))
		return false;
	sha256_of(begin, (size_t)(certificate.at - begin), hash);
	if (!der_take_tag(&certificate, DER_SEQUENCE, &skipped) ||
	    !der_take_tag(&certificate, DER_BIT_STRING, &signature) || signature.at[0] != 0)
		return false;
	struct der inner = {signature.at + 1, signature.left - 1};
	return is_der(inner) &&
	       br_ecdsa_vrfy_asn1_get_default()(br_ec_get_default(), hash, sizeof(hash), key,
						inner.at, inner.left) == 1;
}

static size_t longest;

/* Make the certificate; false if anything is not as it should be. */
static bool make_good(const struct certificate_names *names, const struct certificate_key *key,
		      const uint8_t serial[CERTIFICATE_SERIAL_BYTES])
{
	char room[CERTIFICATE_BYTES];
	struct buf out = {.data = room, .cap = sizeof(room)};
	struct der_certificate c;
	struct err e;
	if (certificate_make(names, key, serial, &out, &e) < 0)
		return false;
	longest = out.len > longest ? out.len : longest;
	uint8_t *copy = exact_copy(room, out.len);
	struct der d = {copy, out.len};
	bool good = is_der(d) && is_signed(d, &key->public) &&
		    !der_read_certificate(copy, out.len, &c) && c.not_before == 1546300800 &&
		    c.not_after == 253402300799 && c.issuer.left == c.subject.left &&
		    memcmp(c.issuer.at, c.subject.at, c.subject.left) == 0;
	free(copy);
	return good;
}

static void test_certificates(void)
{
	static uint8_t five[] = {5};
	uint8_t point[BR_EC_KBUF_PUB_MAX_SIZE], serial[CERTIFICATE_SERIAL_BYTES] = {0};
	struct certificate_key key = {.private = {BR_EC_secp256r1, five, sizeof(five)}};
	struct addr addrs[CERTIFICATE_ADDRS_MAX];
	char host[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk";
	const struct certificate_names most = {host, addrs, CERTIFICATE_ADDRS_MAX};
	br_ec_compute_pub(br_ec_get_default(), &key.public, point, &key.private);
	for (size_t i = 0; i < CERTIFICATE_ADDRS_MAX; i++)
		addrs[i] = (struct addr){.family = 6, .bytes = {0x20, 1, [15] = (uint8_t)i}};
	size_t good = 0;
	for (unsigned i = 0; i < CERTIFICATES; i++) {
		memset(serial, (int)(i & 0xff), sizeof(serial)); /* 0 and 255 among them */
		serial[15] = (uint8_t)(i >> 8);
		good += make_good(i % 2 ? &most : &squash, &key, serial);
	}
	tap_ok(good == CERTIFICATES, "%zu of %d certificates are good", good, CERTIFICATES);
	if (!tap_ok(longest == CERTIFICATE_BYTES, "CERTIFICATE_BYTES are what the longest has"))
		tap_note("%zu, not %d", longest, (int)CERTIFICATE_BYTES);
	const struct certificate_names mixed = {"LOCALHOST", addrs, 1};
	addrs[0] = (struct addr){.family = 4, .bytes = {10, 1, 2, 3}};
	tap_ok(make_good(&mixed, &key, serial), "one of an IPv4 address");
}

static void test_refused(void)
{
	static uint8_t five[32] = {[31] = 5};
	static const struct addr addrs[CERTIFICATE_ADDRS_MAX + 1] = {{.family = 4}};
	static const struct {
		const char *what, *why;
		struct certificate_names names;
		int curve;
		size_t room;
	} cases[] = {
		{"no host", "host name", {.host = ""}, BR_EC_secp256r1, 2048},
		{"a bad host", "host name", {.host = "a b"}, BR_EC_secp256r1, 2048},
		{"too many addresses",
		 "16",
		 {"a", addrs, CERTIFICATE_ADDRS_MAX + 1},
		 BR_EC_secp256r1,
		 2048},
		{"another curve", "P-256", {.host = "a"}, BR_EC_secp384r1, 2048},
		{"no room for the signature", "no room", {.host = "a"}, BR_EC_secp256r1, 400},
		{"no room", "no room", {.host = "a"}, BR_EC_secp256r1, 10},
	};
	uint8_t point[BR_EC_KBUF_PUB_MAX_SIZE], serial[CERTIFICATE_SERIAL_BYTES] = {0};
	char room[2048];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct certificate_key key = {.private = {cases[i].curve, five, sizeof(five)}};
		struct buf out = {.data = room, .cap = cases[i].room};
		struct err e = {.number = 0};
		br_ec_compute_pub(br_ec_get_default(), &key.public, point, &key.private);
		int rc = certificate_make(&cases[i].names, &key, serial, &out, &e);
		if (!tap_ok(rc < 0 && strstr(e.text, cases[i].why), "refused: %s", cases[i].what))
			tap_note("%d, %s", rc, e.text);
	}
	struct identity_pem pem;
	struct err e;
	tap_ok(identity_make(&cases[0].names, &pem, &e) < 0 && pem.key_len == 0 && !pem.key[0] &&
		       pem.certificate_len == 0,
	       "then there is no key either");
}

static int load(struct identity *id, const struct identity_pem *key,
		const struct identity_pem *certificate, struct err *e)
{
	uint8_t *a = exact_copy(key->key, key->key_len);
	uint8_t *b = exact_copy(certificate->certificate, certificate->certificate_len);
	int rc = identity_load(id, a, key->key_len, b, certificate->certificate_len, e);
	free(a);
	free(b);
	return rc;
}

static bool is_empty(const struct identity *id)
{
	const uint8_t *bytes = (const uint8_t *)id;
	for (size_t i = 0; i < sizeof(*id); i++)
		if (bytes[i])
			return false;
	return true;
}

static void test_made(void)
{
	static struct identity id;
	struct identity_pem a, b;
	struct err e = {.text = ""};
	tap_ok(identity_make(&squash, &a, &e) == 0 && identity_make(&squash, &b, &e) == 0,
	       "two are made");
	tap_ok(strlen(a.key) == a.key_len && a.key_len + 1 == sizeof(a.key) &&
		       strlen(a.certificate) == a.certificate_len,
	       "their lengths are those of their texts");
	tap_ok(strcmp(a.key, b.key) != 0 && strcmp(a.certificate, b.certificate) != 0,
	       "they are not the same");
	if (!tap_ok(load(&id, &a, &a, &e) == 0, "the first is loaded"))
		tap_note("%s", e.text);
	tap_ok(id.key_type == BR_KEYTYPE_EC && id.ec && !id.rsa &&
		       id.ec->curve == BR_EC_secp256r1 && strcmp(id.key_name, "EC P-256") == 0,
	       "as a key of P-256");
	tap_ok(id.issuer_key_type == BR_KEYTYPE_EC && id.chain_len == 1 &&
		       id.chain[0].data == id.der && id.chain[0].data_len == id.der_len,
	       "with its certificate");
	tap_ok(strlen(id.fingerprint) == IDENTITY_FINGERPRINT_BYTES - 1 && id.fingerprint[2] == ':',
	       "and its fingerprint");
	tap_ok(identity_when(&id, id.not_before - 1) == IDENTITY_NOT_YET &&
		       identity_when(&id, id.not_before) == IDENTITY_NOW &&
		       identity_when(&id, id.not_after) == IDENTITY_NOW &&
		       identity_when(&id, id.not_after + 1) == IDENTITY_EXPIRED,
	       "valid from its first second to its last");
	identity_forget(&id);
	tap_ok(is_empty(&id), "then it is forgotten");
	tap_ok(load(&id, &a, &b, &e) < 0 && strstr(e.text, "is not that of") && is_empty(&id),
	       "one's key with the other's certificate is refused, and forgotten");
	b.key[b.key_len / 2] = '*';
	tap_ok(load(&id, &b, &b, &e) < 0 && strstr(e.text, "line 3 is not PEM") && is_empty(&id),
	       "so is a key with a character that is none");
}

int main(void)
{
	test_certificates();
	test_refused();
	test_made();
	return tap_done();
}
