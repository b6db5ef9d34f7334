/* SPDX-License-Identifier: MIT */
/* Reads DER (X.690) from bytes that need not be any, and of an X.509 certificate (RFC 5280 4.1)
 * what BearSSL keeps to itself. Nothing is copied: what is found points into the bytes. */
#ifndef SQUASH_FRONT_IDENTITY_DER_READ_H
#define SQUASH_FRONT_IDENTITY_DER_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "der.h"

/* What is left of a row of elements, or the content of one. */
struct der {
	const uint8_t *at;
	size_t left; /* bytes */
};

/* Take the first element off, whatever its tag. False, and nothing taken, if none is there whole;
 * or if it is BER that is not DER: an indefinite length, or one in more bytes than it takes; or if
 * its tag has more than one byte, as X.509 has none of. */
bool der_take(struct der *d, uint8_t *tag, struct der *content);

/* Take the first element off if that is its tag. */
bool der_take_tag(struct der *d, uint8_t tag, struct der *content);

/* Seconds since 1970 (before, negative) of a UTCTime or a GeneralizedTime as RFC 5280 4.1.2.5 has
 * them: in UTC ("Z"), with seconds, without fractions. */
bool der_read_time(uint8_t tag, struct der content, int64_t *seconds);

struct der_certificate {
	struct der issuer; /* names, contents of their SEQUENCE */
	struct der subject;
	int64_t not_before; /* seconds since 1970; both are still within the validity */
	int64_t not_after;
};

/* Read a certificate that is all of these bytes. NULL and *c filled, or what is wrong: a phrase for
 * a person ("it has no validity"). What stands behind the subject is not looked into. */
const char *der_read_certificate(const uint8_t *bytes, size_t len, struct der_certificate *c);

#endif
