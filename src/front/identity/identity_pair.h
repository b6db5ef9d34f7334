/* SPDX-License-Identifier: MIT */
/* Whether a private key and a certificate belong together, for identity_load.c. */
#ifndef SQUASH_FRONT_IDENTITY_IDENTITY_PAIR_H
#define SQUASH_FRONT_IDENTITY_IDENTITY_PAIR_H

#include "identity.h"

/* Check the key's kind and size, and name it: id->key_name. The key is not calculated with. 0 or
 * -errno with e filled. */
int identity_check_key(struct identity *id, struct err *e);

/* Check that the public key is that of id's key, and that what this signs, that verifies: a key
 * with a wrong bit in what only speeds it up (dp, dq, iq) would give itself away by its first
 * signature. To be called when the key has passed identity_check_key. 0 or -errno with e filled. */
int identity_check_pair(const struct identity *id, const br_x509_pkey *public, struct err *e);

#endif
