/* SPDX-License-Identifier: MIT */
/* The members of struct sandbox that meta.json keeps, as a table: where each lies, which field of a
 * message has it, which values are good. Pure. */
#ifndef SQUASH_SQUASHD_STORE_SANDBOX_MEMBERS_H
#define SQUASH_SQUASHD_STORE_SANDBOX_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/field.h"
#include "squashd/sandbox.h"

struct sandbox_member {
	const char *key; /* in meta.json: the member's name in struct sandbox */
	enum field_type
		type;     /* FIELD_TEXT, FIELD_LIST, FIELD_NUMBER (uint64_t), FIELD_FLAG (bool) */
	enum msg_tag tag; /* 0: no message has it */
	size_t offset;    /* in struct sandbox, bytes; so is the next */
	size_t count_offset; /* a list's number of entries, a size_t */
	size_t cap;          /* bytes of a text, or of a list's entry, with its NUL */
	uint64_t min, max;   /* of a number; max also of a list's entries */
	uint64_t builtin;    /* the number when nobody has asked for another */
	bool may_miss;       /* a version that doesn't know it writes none */
};

/* In the order of meta.json. */
extern const struct sandbox_member sandbox_members[];
extern const size_t sandbox_members_count;

/* Returns the member that a field with that tag sets, or NULL. */
const struct sandbox_member *sandbox_members_find(uint32_t tag);

/* Empties *sb, and gives the numbers their builtin values. */
void sandbox_members_reset(struct sandbox *sb);

/* Returns whether all numbers are within their limits. */
bool sandbox_members_are_good(const struct sandbox *sb);

/* Returns the number; a flag is 0 or 1. */
uint64_t sandbox_member_number(const struct sandbox *sb, const struct sandbox_member *m);
void sandbox_member_set_number(struct sandbox *sb, const struct sandbox_member *m, uint64_t number);

/* Returns how many texts there are: of a list its entries, of a text 1. */
size_t sandbox_member_count(const struct sandbox *sb, const struct sandbox_member *m);
void sandbox_member_set_count(struct sandbox *sb, const struct sandbox_member *m, size_t count);

/* Returns the text, or a list's entry i, which lies in *sb. */
const char *sandbox_member_text(const struct sandbox *sb, const struct sandbox_member *m, size_t i);

/* Returns the same as room for a text of m->cap bytes. */
char *sandbox_member_room(struct sandbox *sb, const struct sandbox_member *m, size_t i);

#endif
