/* SPDX-License-Identifier: MIT */
/* A TLS client of BearSSL that takes the key of whatever certificate comes first: for tests, and to
 * time servers. */
#ifndef SQUASH_TESTS_FRONT_TRUSTING_H
#define SQUASH_TESTS_FRONT_TRUSTING_H

#include <bearssl.h>

#include "ctl/pinned.h"

struct trusting {
	struct pinned judge;
	br_ssl_client_context client;
	uint8_t in[BR_SSL_BUFSIZE_INPUT], out[BR_SSL_BUFSIZE_OUTPUT];
};

/* Make it ready for a connection; its random numbers come from these bytes. */
void trusting_begin(struct trusting *t, const void *seed, size_t len);

#endif
