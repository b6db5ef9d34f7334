/* SPDX-License-Identifier: MIT */
/* Private keys and certificates: what is loaded keeps to identity.h; written again as PEM it is the
 * same; with another key it is refused.
 *
 * An input is a byte, and two files: the key's, as long as the next two bytes say, and the
 * certificates', which is the rest. The byte says which of them is DER, for PEM to be made of: 1
 * the key, 2 a certificate. */
#include <stdbool.h>

#include "front/identity/der_read.h"
#include "front/identity/identity.h"
#include "fuzz.h"

#define HEAD_BYTES 3

enum { KEY_IS_DER = 1, CHAIN_IS_DER = 2 };

struct text {
	uint8_t *bytes;
	size_t len;
};

static struct text make_text(const uint8_t *bytes, size_t len, const char *label)
{
	struct text t;
	if (!label) {
		t.bytes = fuzz_copy(bytes, len);
		t.len = len;
		return t;
	}
	t.len = br_pem_encode(NULL, bytes, len, label, 0);
	char *room = fuzz_take(t.len + 1);
	br_pem_encode(room, bytes, len, label, 0);
	t.bytes = fuzz_copy(room, t.len);
	free(room);
	return t;
}

static void check_loaded(const struct identity *id)
{
	size_t all = 0;
	CHECK(id->key_type == (id->ec ? BR_KEYTYPE_EC : BR_KEYTYPE_RSA));
	CHECK(!id->ec != !id->rsa);
	CHECK(strlen(id->key_name) > 0 &&
	      strlen(id->fingerprint) == IDENTITY_FINGERPRINT_BYTES - 1);
	CHECK(id->chain_len >= 1 && id->chain_len <= IDENTITY_CHAIN_MAX);
	for (size_t i = 0; i < id->chain_len; i++) {
		struct der_certificate c;
		CHECK(id->chain[i].data == id->der + all);
		all += id->chain[i].data_len;
		CHECK(!der_read_certificate(id->chain[i].data, id->chain[i].data_len, &c));
		CHECK(i > 0 || (c.not_before == id->not_before && c.not_after == id->not_after));
	}
	CHECK(all == id->der_len && all <= IDENTITY_DER_BYTES);
	CHECK(!id->rsa || (id->rsa->n_bitlen >= IDENTITY_RSA_BITS_MIN &&
			   id->rsa->n_bitlen <= IDENTITY_RSA_BITS_MAX));
}

/* The first certificate alone, written again. */
static void check_again(const struct identity *id, const struct text *key)
{
	static struct identity again;
	struct err e;
	struct text chain = make_text(id->chain[0].data, id->chain[0].data_len, "CERTIFICATE");
	CHECK(identity_load(&again, key->bytes, key->len, chain.bytes, chain.len, &e) == 0);
	CHECK(strcmp(again.fingerprint, id->fingerprint) == 0);
	CHECK(again.issuer_key_type == id->issuer_key_type);
	free(chain.bytes);
}

static void check_empty(const struct identity *id)
{
	const uint8_t *bytes = (const uint8_t *)id;
	for (size_t i = 0; i < sizeof(*id); i++)
		CHECK(bytes[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct identity id;
	struct err e = {.text = ""};
	if (size < HEAD_BYTES)
		return -1;
	size_t key_len = (size_t)data[1] << 8 | data[2], rest = size - HEAD_BYTES;
	if (key_len > rest)
		return -1;
	const uint8_t *begin = data + HEAD_BYTES;
	struct text key =
		make_text(begin, key_len, data[0] & KEY_IS_DER ? BR_ENCODE_PEM_PKCS8 : NULL);
	struct text chain = make_text(begin + key_len, rest - key_len,
				      data[0] & CHAIN_IS_DER ? "CERTIFICATE" : NULL);
	if (identity_load(&id, key.bytes, key.len, chain.bytes, chain.len, &e) == 0) {
		check_loaded(&id);
		check_again(&id, &key);
	} else {
		CHECK(e.text[0] && !strchr(e.text, '\n'));
		check_empty(&id);
	}
	free(key.bytes);
	free(chain.bytes);
	return 0;
}
