/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include <errno.h>
#include <string.h>

#include "der_read.h"
#include "identity_pair.h"
#include "lib/buf.h"
#include "lib/sha256.h"
#include "pem.h"

static void add_to_key(void *context, const void *bytes, size_t len)
{
	br_skey_decoder_context *decoder = context;
	int rc = br_skey_decoder_last_error(decoder);
	/* Given more after an error, it runs on as if there had been none, and astray. */
	if (rc == BR_ERR_OK || rc == BR_ERR_X509_TRUNCATED)
		br_skey_decoder_push(decoder, bytes, len);
}

static bool is_plain_key(const struct pem *p)
{
	return pem_is(p, BR_ENCODE_PEM_PKCS8) || pem_is(p, BR_ENCODE_PEM_EC_RAW) ||
	       pem_is(p, BR_ENCODE_PEM_RSA_RAW);
}

/* In OpenSSL's own form, keys are encrypted behind a head as of mail: RFC 1421 4.6.1.1. */
static bool has_encrypted_head(const struct pem *p)
{
	static const char head[] = "Proc-Type: 4,ENCRYPTED";
	return memmem(p->text, p->len, head, sizeof(head) - 1) != NULL;
}

static int say_encrypted(struct err *e)
{
	return err_say(e, EINVAL,
		       "the private key is encrypted, and nobody is there to ask for "
		       "the password: openssl pkey -in KEY -out NEW decrypts it");
}

static int say_no_key(const struct pem *p, struct err *e)
{
	if (pem_is_der(p->text, p->len))
		return err_say(e, EINVAL,
			       "the private key is DER, where PEM is wanted: "
			       "openssl pkey -inform DER -in KEY -out NEW converts it");
	return err_say(e, EINVAL,
		       "there is no private key in PEM (-----BEGIN PRIVATE KEY-----, "
		       "EC PRIVATE KEY or RSA PRIVATE KEY)");
}

static int decode_key(struct identity *id, struct pem *p, struct err *e)
{
	struct err why;
	br_skey_decoder_context *decoder = &id->key.decoder;
	if (id->key_type != 0)
		return err_say(e, EINVAL, "there is more than one private key");
	br_skey_decoder_init(decoder);
	int rc = pem_decode(p, add_to_key, decoder, &why);
	if (rc < 0 && has_encrypted_head(p))
		return say_encrypted(e);
	if (rc < 0)
		return err_say(e, EINVAL, "the private key: %s", why.text);
	rc = br_skey_decoder_last_error(decoder);
	if (rc == BR_ERR_X509_UNSUPPORTED)
		return err_say(e, EINVAL,
			       "the private key's kind is not supported: EC on P-256, "
			       "P-384, P-521 and RSA are");
	if (rc == BR_ERR_X509_LIMIT_EXCEEDED)
		return err_say(e, EINVAL, "the private key is longer than RSA of %d bits",
			       IDENTITY_RSA_BITS_MAX);
	if (rc != BR_ERR_OK)
		return err_say(e, EINVAL, "the private key is damaged, or no key");
	id->key_type = br_skey_decoder_key_type(decoder);
	id->ec = br_skey_decoder_get_ec(decoder);
	id->rsa = br_skey_decoder_get_rsa(decoder);
	return identity_check_key(id, e);
}

/* Begins to read a file, of at most max bytes. Returns 0, or -EFBIG with e filled. */
static int begin_file(struct pem *p, const uint8_t *text, size_t len, const char *whose, size_t max,
		      struct err *e)
{
	pem_init(p, text, len);
	return len > max ? err_say(e, EFBIG, "%s file is longer than %zu bytes", whose, max) : 0;
}

static int load_key(struct identity *id, const uint8_t *text, size_t len, struct err *e)
{
	struct pem p;
	int rc = begin_file(&p, text, len, "the private key's", IDENTITY_KEY_PEM_BYTES, e);
	while (rc == 0 && pem_next(&p)) {
		if (is_plain_key(&p))
			rc = decode_key(id, &p, e);
		else if (pem_is(&p, "ENCRYPTED PRIVATE KEY"))
			rc = say_encrypted(e);
	}
	if (rc == 0 && id->key_type == 0)
		rc = say_no_key(&p, e);
	explicit_bzero(&p, sizeof(p));
	return rc;
}

static void add_to_chain(void *context, const void *bytes, size_t len)
{
	struct identity *id = context;
	/* There is room: base64 makes no more bytes than that of what the text may have. */
	if (len > sizeof(id->der) - id->der_len)
		return;
	memcpy(id->der + id->der_len, bytes, len);
	id->der_len += len;
}

/* Names that are the same are the same bytes: RFC 5280 4.1.2.6. */
static bool is_issuer(const br_x509_certificate *issuer, const br_x509_certificate *certificate)
{
	struct der_certificate a, b;
	return !der_read_certificate(issuer->data, issuer->data_len, &a) &&
	       !der_read_certificate(certificate->data, certificate->data_len, &b) &&
	       a.subject.left == b.issuer.left &&
	       memcmp(a.subject.at, b.issuer.at, a.subject.left) == 0;
}

/* Take the certificate that is next. */
static int add_certificate(struct identity *id, struct pem *p, struct err *e)
{
	struct err why;
	struct der_certificate c;
	size_t number = id->chain_len + 1;
	if (number > IDENTITY_CHAIN_MAX)
		return err_say(e, E2BIG, "there are more than %d certificates", IDENTITY_CHAIN_MAX);
	br_x509_certificate *this = &id->chain[id->chain_len];
	this->data = id->der + id->der_len;
	if (pem_decode(p, add_to_chain, id, &why) < 0)
		return err_say(e, EINVAL, "certificate %zu: %s", number, why.text);
	this->data_len = (size_t)(id->der + id->der_len - this->data);
	const char *fault = der_read_certificate(this->data, this->data_len, &c);
	if (fault)
		return err_say(e, EINVAL, "certificate %zu: %s", number, fault);
	if (number == 1) {
		id->not_before = c.not_before;
		id->not_after = c.not_after;
	} else if (!is_issuer(this, this - 1)) { /* RFC 5246 7.4.2 wants that order */
		return err_say(e, EINVAL,
			       "certificate %zu is not that of the issuer of the one before it: "
			       "the server's own comes first, then its issuer's, and so on",
			       number);
	}
	id->chain_len = number;
	return 0;
}

static int load_chain(struct identity *id, const uint8_t *text, size_t len, struct err *e)
{
	struct pem p;
	int rc = begin_file(&p, text, len, "the certificates'", IDENTITY_CHAIN_BYTES, e);
	while (rc == 0 && pem_next(&p)) {
		if (pem_is(&p, "CERTIFICATE"))
			rc = add_certificate(id, &p, e);
	}
	if (rc < 0 || id->chain_len > 0)
		return rc;
	if (pem_is_der(text, len))
		return err_say(e, EINVAL,
			       "the certificate is DER, where PEM is wanted: "
			       "openssl x509 -inform DER -in CERT -out NEW converts it");
	return err_say(e, EINVAL, "there is no certificate in PEM (-----BEGIN CERTIFICATE-----)");
}

static int check_first(struct identity *id, struct err *e)
{
	const br_x509_certificate *first = &id->chain[0];
	br_x509_decoder_context decoder;
	br_x509_decoder_init(&decoder, NULL, NULL);
	br_x509_decoder_push(&decoder, first->data, first->data_len);
	int rc = br_x509_decoder_last_error(&decoder);
	if (rc == BR_ERR_X509_UNSUPPORTED)
		return err_say(e, EINVAL,
			       "certificate 1 is for a key whose kind is not supported: "
			       "EC on P-256, P-384, P-521 and RSA are");
	if (rc != BR_ERR_OK)
		return err_say(e, EINVAL, "certificate 1 is damaged");
	id->issuer_key_type = (unsigned)br_x509_decoder_get_signer_key_type(&decoder);
	return identity_check_pair(id, br_x509_decoder_get_pkey(&decoder), e);
}

static void write_fingerprint(struct identity *id)
{
	uint8_t hash[SHA256_BYTES];
	struct buf out = {.data = id->fingerprint, .cap = sizeof(id->fingerprint)};
	sha256_of(id->chain[0].data, id->chain[0].data_len, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		buf_printf(&out, "%s%02X", i > 0 ? ":" : "", hash[i]);
}

int identity_load(struct identity *id, const uint8_t *key_pem, size_t key_len,
		  const uint8_t *chain_pem, size_t chain_len, struct err *e)
{
	memset(id, 0, sizeof(*id));
	int rc = load_key(id, key_pem, key_len, e);
	if (rc == 0)
		rc = load_chain(id, chain_pem, chain_len, e);
	if (rc == 0)
		rc = check_first(id, e);
	if (rc < 0)
		identity_forget(id);
	else
		write_fingerprint(id);
	return rc;
}

enum identity_when identity_when(const struct identity *id, int64_t seconds)
{
	if (seconds < id->not_before)
		return IDENTITY_NOT_YET;
	return seconds > id->not_after ? IDENTITY_EXPIRED : IDENTITY_NOW;
}

void identity_forget(struct identity *id)
{
	explicit_bzero(id, sizeof(*id));
}
