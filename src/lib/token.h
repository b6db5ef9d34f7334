/* SPDX-License-Identifier: MIT */
/* Bearer tokens: finding one in a header's value, and comparing without telling how far it
 * matched. */
#ifndef SQUASH_TOKEN_H
#define SQUASH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

/* The token in an Authorization value of the form "Bearer <token>" (RFC 6750 section 2.1; the
 * scheme in any case, RFC 9110 section 11.1). Points into value, with *len set; NULL if there is
 * none. */
const char *token_from_header(const char *value, size_t *len);

/* Whether the tokens are equal. The time taken depends on given_len alone. */
bool token_equal(const char *given, size_t given_len, const char *secret, size_t secret_len);

#endif
