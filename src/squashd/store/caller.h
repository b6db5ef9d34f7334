/* SPDX-License-Identifier: MIT */
/* Whose request it is, and what they may do. */
#ifndef SQUASH_SQUASHD_STORE_CALLER_H
#define SQUASH_SQUASHD_STORE_CALLER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "squashd/sandbox.h"
#include "tokens.h"

struct caller {
	struct addr client;             /* family 0: not known */
	char token[LIMIT_ID_BYTES + 1]; /* a named token's name; empty: it is none */
	enum right right;
	bool anyone; /* no token is set: the API is open, for what RIGHT_RUN allows */
};

/* Find out who has that token; len 0: none was sent. Sets all of *c but the client. False if the
 * token is missing or wrong. */
bool caller_identify(const struct server *s, const char *token, size_t len, struct caller *c);

/* Returns the caller's name in text: of a named token its name, otherwise the client's address. It
 * is empty if c is NULL, or neither is known. An address has dots or colons, a token's name has
 * none. */
const char *caller_name(const struct caller *c, char text[LIMIT_ID_BYTES + 1]);

#endif
