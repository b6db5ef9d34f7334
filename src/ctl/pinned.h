/* SPDX-License-Identifier: MIT */
/* A judge of certificates for BearSSL that knows one: that whose SHA-256 it was given. Names, dates
 * and who has signed it don't matter. */
#ifndef SQUASH_CTL_PINNED_H
#define SQUASH_CTL_PINNED_H

#include <bearssl.h>
#include <stdbool.h>

#include "lib/sha256.h"

struct pinned {
	const br_x509_class *vtable; /* first, for BearSSL */
	br_x509_decoder_context decoder;
	br_sha256_context hash;
	bool is_first; /* the server's own comes first: RFC 5246 7.4.2 */
	bool is_seen;
	const uint8_t *wanted;      /* borrowed; NULL: any certificate will do */
	uint8_t seen[SHA256_BYTES]; /* of the one that came */
};

void pinned_init(struct pinned *p, const uint8_t *wanted);

/* Whether a certificate came, and was another one. */
bool pinned_is_other(const struct pinned *p);

#endif
