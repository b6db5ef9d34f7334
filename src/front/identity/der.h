/* SPDX-License-Identifier: MIT */
/* Tags of DER, as its identifier octets (X.690 8.1.2, X.680 8.6). */
#ifndef SQUASH_FRONT_IDENTITY_DER_H
#define SQUASH_FRONT_IDENTITY_DER_H

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

/* [number], of a type that is not constructed, and of one that is. */
#define DER_CONTEXT(number) (0x80 | (number))
#define DER_CONTEXT_OF(number) (0xa0 | (number))

#endif
