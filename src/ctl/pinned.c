/* SPDX-License-Identifier: MIT */
#include "pinned.h"

static struct pinned *of(const br_x509_class *const *vtable)
{
	return (struct pinned *)(uintptr_t)vtable;
}

static void start_chain(const br_x509_class **x, const char *name)
{
	(void)name;
	of(x)->is_first = true;
	of(x)->is_seen = false;
}

static void start_certificate(const br_x509_class **x, uint32_t length)
{
	(void)length;
	if (!of(x)->is_first)
		return;
	br_x509_decoder_init(&of(x)->decoder, NULL, NULL);
	br_sha256_init(&of(x)->hash);
}

static void append(const br_x509_class **x, const unsigned char *bytes, size_t len)
{
	if (!of(x)->is_first)
		return;
	br_x509_decoder_push(&of(x)->decoder, bytes, len);
	br_sha256_update(&of(x)->hash, bytes, len);
}

static void end_certificate(const br_x509_class **x)
{
	if (!of(x)->is_first)
		return;
	br_sha256_out(&of(x)->hash, of(x)->seen);
	of(x)->is_seen = true;
	of(x)->is_first = false;
}

/* Before anything of ours is sent: without a good one there is no handshake. */
static unsigned end_chain(const br_x509_class **x)
{
	struct pinned *p = of(x);
	if (!p->is_seen || pinned_is_other(p))
		return BR_ERR_X509_NOT_TRUSTED;
	int fault = br_x509_decoder_last_error(&p->decoder);
	return fault ? (unsigned)fault : 0;
}

static const br_x509_pkey *get_key(const br_x509_class *const *x, unsigned *usages)
{
	if (usages)
		*usages = BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX;
	return br_x509_decoder_get_pkey(&of(x)->decoder);
}

void pinned_init(struct pinned *p, const uint8_t *wanted)
{
	static const br_x509_class judge = {
		.context_size = sizeof(struct pinned),
		.start_chain = start_chain,
		.start_cert = start_certificate,
		.append = append,
		.end_cert = end_certificate,
		.end_chain = end_chain,
		.get_pkey = get_key,
	};
	*p = (struct pinned){.vtable = &judge, .wanted = wanted};
}

bool pinned_is_other(const struct pinned *p)
{
	return p->is_seen && p->wanted && !sha256_equal(p->seen, p->wanted);
}
