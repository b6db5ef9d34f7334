/* SPDX-License-Identifier: MIT */
/* The members of a parsed JSON object, copied into fields of fixed size; each answers whether the
 * member was there and fitted. And how such an object that is kept on disk begins. Pure. */
#ifndef SQUASH_SQUASHD_STORE_JSON_MEMBERS_H
#define SQUASH_SQUASHD_STORE_JSON_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"

/* Parses an object that is kept on disk. *root is in the arena. Returns 0, or -EBADMSG with e
 * saying where the object, which e calls what, is damaged. */
int members_parse(const uint8_t *text, size_t len, const char *what, struct arena *arena,
		  const struct json_value **root, struct err *e);

/* A string without NULs, of at most cap - 1 bytes, terminated. */
bool members_text(const struct json_value *object, const char *key, char *out, size_t cap);

/* A whole number, not negative. */
bool members_number(const struct json_value *object, const char *key, uint64_t *out);

bool members_flag(const struct json_value *object, const char *key, bool *out);

/* An array of at most max strings, each into cap bytes of out, one behind the other. */
bool members_texts(const struct json_value *object, const char *key, char *out, size_t cap,
		   size_t max, size_t *count);

/* Begins an object in out, with the version of its format as first member. */
void members_begin(struct jsonw *w, struct buf *out, uint64_t version);

#endif
