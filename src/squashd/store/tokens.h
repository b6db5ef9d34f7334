/* SPDX-License-Identifier: MIT */
/* Named tokens, as the operator writes them into DATA/tokens: lines "name right sha256", blanks
 * between, where right is one of read, run, admin, and sha256 the 64 hexadecimal digits of the
 * token's SHA-256. Lines that are empty or begin with # are passed over. Pure. */
#ifndef SQUASH_SQUASHD_STORE_TOKENS_H
#define SQUASH_SQUASHD_STORE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/limits.h"
#include "lib/sha256.h"

/* What a caller may do; each has those before it as well. */
enum right {
	RIGHT_NONE,
	RIGHT_READ,  /* look */
	RIGHT_RUN,   /* make, use and end sandboxes */
	RIGHT_ADMIN, /* change the appliance itself, and who may use it */
};

/* "read" and so on. */
const char *right_name(enum right right);

/* The right of that name; RIGHT_NONE: there is none. */
enum right right_find(const char *name, size_t len);

struct token {
	char name[LIMIT_ID_BYTES + 1]; /* as a sandbox's id: meta_is_id() */
	enum right right;
	uint8_t digest[SHA256_BYTES];
};

struct tokens {
	size_t count;
	struct token all[LIMIT_TOKENS];
};

/* Where what is wrong with a line is told: fault is a phrase, like "has no name". */
struct tokens_report {
	void (*say)(void *context, unsigned line, const char *fault);
	void *context;
};

/* Fill *t with what the good lines say. A line that breaks the rules is reported and gives no
 * token, as is one whose name an earlier line has, and one past LIMIT_TOKENS. Linear in the text,
 * but for names: each is compared with those before it. */
void tokens_read(const uint8_t *text, size_t len, struct tokens *t,
		 const struct tokens_report *report);

/* The token with that digest, or NULL. The time taken depends on t->count alone. */
const struct token *tokens_find(const struct tokens *t, const uint8_t digest[SHA256_BYTES]);

/* The token of that name, or NULL. */
const struct token *tokens_find_name(const struct tokens *t, const char *name);

/* Append the file's text to out, and a line for one token more. */
void tokens_write_with(const uint8_t *text, size_t len, const struct token *more, struct buf *out);

/* Append the file's text to out without the lines of that name. All else in it stays. */
void tokens_write_without(const uint8_t *text, size_t len, const char *name, struct buf *out);

#endif
