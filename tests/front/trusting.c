/* SPDX-License-Identifier: MIT */
#include "trusting.h"

static struct trusting *of(const br_x509_class *const *vtable)
{
	return (struct trusting *)(uintptr_t)vtable;
}

static void start_chain(const br_x509_class **x, const char *name)
{
	(void)name;
	of(x)->is_first = true;
}

static void start_certificate(const br_x509_class **x, uint32_t length)
{
	(void)length;
	if (of(x)->is_first)
		br_x509_decoder_init(&of(x)->decoder, NULL, NULL);
}

static void append(const br_x509_class **x, const unsigned char *bytes, size_t len)
{
	if (of(x)->is_first)
		br_x509_decoder_push(&of(x)->decoder, bytes, len);
}

static void end_certificate(const br_x509_class **x)
{
	of(x)->is_first = false;
}

static unsigned end_chain(const br_x509_class **x)
{
	return br_x509_decoder_get_pkey(&of(x)->decoder) ? 0 : BR_ERR_X509_NOT_TRUSTED;
}

static const br_x509_pkey *get_key(const br_x509_class *const *x, unsigned *usages)
{
	if (usages)
		*usages = BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX;
	return br_x509_decoder_get_pkey(&of(x)->decoder);
}

static const br_x509_class trusting_class = {
	.context_size = sizeof(struct trusting),
	.start_chain = start_chain,
	.start_cert = start_certificate,
	.append = append,
	.end_cert = end_certificate,
	.end_chain = end_chain,
	.get_pkey = get_key,
};

void trusting_begin(struct trusting *t, const void *seed, size_t len)
{
	br_x509_minimal_context unused;
	br_ssl_client_init_full(&t->client, &unused, NULL, 0);
	t->vtable = &trusting_class;
	br_ssl_engine_set_x509(&t->client.eng, &t->vtable);
	br_ssl_engine_set_buffers_bidi(&t->client.eng, t->in, sizeof(t->in), t->out,
				       sizeof(t->out));
	br_ssl_engine_inject_entropy(&t->client.eng, seed, len);
}
