/* SPDX-License-Identifier: MIT */
/* The certificate that an appliance makes for itself: X.509 v3, RFC 5280, signed by its own key.
 *
 * Whoever trusts it trusts it as a server's certificate and no more: it is no CA (an empty
 * basicConstraints, no keyCertSign). As the one certificate in a client's list of those it trusts
 * it does: clients look there for the very certificate, too. A CA's would be refused from a server
 * by some (rustls, Firefox), and in the wrong hands be worth more.
 *
 * It is valid from a fixed date on, as the clock may be wrong when it is made, and forever ("has no
 * well-defined expiration date", RFC 5280 4.1.2.5): nobody is there to renew it. */
#ifndef SQUASH_FRONT_IDENTITY_CERTIFICATE_H
#define SQUASH_FRONT_IDENTITY_CERTIFICATE_H

#include <bearssl.h>

#include "lib/addr.h"
#include "lib/buf.h"
#include "lib/err.h"

#define CERTIFICATE_SERIAL_BYTES 16
#define CERTIFICATE_ADDRS_MAX 16
/* Of DER, at most: 425 beside the host's name, which is there three times, and the addresses; a
 * host name has 63 bytes, an IPv6 address takes 18. */
#define CERTIFICATE_BYTES (425 + 3 * 63 + CERTIFICATE_ADDRS_MAX * 18)

/* Whom it is for, beside localhost, 127.0.0.1 and ::1. */
struct certificate_names {
	const char *host; /* as hostname_check wants it; borrowed */
	const struct addr *addrs;
	size_t addr_count;
};

/* A key of P-256. */
struct certificate_key {
	br_ec_private_key private;
	br_ec_public_key public;
};

/* Append the certificate to out, CERTIFICATE_BYTES at most. serial: random bytes, of which two bits
 * are not used. 0 or -errno with e filled. */
int certificate_make(const struct certificate_names *names, const struct certificate_key *key,
		     const uint8_t serial[CERTIFICATE_SERIAL_BYTES], struct buf *out,
		     struct err *e);

#endif
