/* SPDX-License-Identifier: MIT */
/* Reads PEM (RFC 7468) by BearSSL's decoder: objects one after the other, with any text around. */
#ifndef SQUASH_FRONT_IDENTITY_PEM_H
#define SQUASH_FRONT_IDENTITY_PEM_H

#include <bearssl.h>
#include <stdbool.h>

#include "lib/err.h"

struct pem {
	br_pem_decoder_context decoder; /* of its last object it has up to 255 bytes */
	const uint8_t *text;            /* borrowed */
	size_t len, at;
};

void pem_init(struct pem *p, const uint8_t *text, size_t len);

/* Go to the begin of the next object. False: there is none. */
bool pem_next(struct pem *p);

/* Whether that is the label of the object: what its first line has behind BEGIN. In any case. */
bool pem_is(const struct pem *p, const char *label);

/* Decode the object: its bytes go to sink, as they come. 0, or -errno with e filled: what is wrong
 * there, for a person. */
int pem_decode(struct pem *p, void (*sink)(void *context, const void *bytes, size_t len),
	       void *context, struct err *e);

/* Whether text, in which there is no object, looks like the DER of one. */
bool pem_is_der(const uint8_t *text, size_t len);

#endif
