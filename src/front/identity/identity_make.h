/* SPDX-License-Identifier: MIT */
/* Makes what identity.h loads, for an appliance that was given none: a new key of P-256 and its
 * certificate. */
#ifndef SQUASH_FRONT_IDENTITY_IDENTITY_MAKE_H
#define SQUASH_FRONT_IDENTITY_IDENTITY_MAKE_H

#include "certificate.h"

/* Of DER, PKCS#8 with the public key in it; and both as PEM: 4 characters for 3 bytes, an end of
 * line behind 64 of them, a first line of 28 and a last one of 26, a NUL. */
#define IDENTITY_MAKE_KEY_BYTES 138
#define IDENTITY_MAKE_PEM_BYTES(der) ((((der) + 2) / 3) * 4 + ((der) + 47) / 48 + 28 + 26 + 1)

struct identity_pem {
	char key[IDENTITY_MAKE_PEM_BYTES(IDENTITY_MAKE_KEY_BYTES)];
	size_t key_len;
	char certificate[IDENTITY_MAKE_PEM_BYTES(CERTIFICATE_BYTES)];
	size_t certificate_len;
};

/* Random bytes come of getrandom(2), which waits until the kernel has some. The caller wipes pem
 * when it has done with it. 0 or -errno with e filled, and pem empty. */
int identity_make(const struct certificate_names *names, struct identity_pem *pem, struct err *e);

#endif
