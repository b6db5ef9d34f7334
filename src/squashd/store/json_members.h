/* SPDX-License-Identifier: MIT */
/* The members of a parsed JSON object, copied into fields of fixed size; each answers whether the
 * member was there and fitted. Pure. */
#ifndef SQUASH_SQUASHD_STORE_JSON_MEMBERS_H
#define SQUASH_SQUASHD_STORE_JSON_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/json.h"

/* A string without NULs, of at most cap - 1 bytes, terminated. */
bool members_text(const struct json_value *object, const char *key, char *out, size_t cap);

/* A whole number, not negative. */
bool members_number(const struct json_value *object, const char *key, uint64_t *out);

bool members_flag(const struct json_value *object, const char *key, bool *out);

/* An array of at most max strings, each into cap bytes of out, one behind the other. */
bool members_texts(const struct json_value *object, const char *key, char *out, size_t cap,
		   size_t max, size_t *count);

#endif
