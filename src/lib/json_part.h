/* SPDX-License-Identifier: MIT */
/* What the parts of the JSON parser share; nobody else includes it. */
#ifndef SQUASH_LIB_JSON_PART_H
#define SQUASH_LIB_JSON_PART_H

#include <stdbool.h>

#include "json.h"

struct json_reader {
	const uint8_t *text;
	size_t len;
	size_t at; /* the next byte to read; at most len */
	struct arena *arena;
	struct json_fault *fault;
};

/* json_fault.c: fills the fault; returns -EINVAL. */
int json_fault_at(struct json_reader *r, size_t offset, const char *reason);

/* The same for a text that ends too early. */
int json_fault_early_end(struct json_reader *r);

/* Fills the fault for an arena that is used up; returns -ENOMEM. */
int json_fault_memory(struct json_reader *r);

/* json_fault.c: returns whether the next byte is this one. */
bool json_next_is(const struct json_reader *r, char byte);

/* Copies bytes to the end of the arena, unaligned, so that one piece follows the other. Returns 0
 * or -ENOMEM. */
int json_keep(struct json_reader *r, const void *bytes, size_t len);

/* json_text.c: read the string whose opening quote is next. 0, -EINVAL or -ENOMEM. */
int json_text_read(struct json_reader *r, const char **text, size_t *text_len);

/* json_number.c: read the number whose minus or digit is next into v. 0, -EINVAL or -ENOMEM. */
int json_number_read(struct json_reader *r, struct json_value *v);

/* A member of an object, and its place in the tree of the object's names. */
struct json_member {
	struct json_value value;
	size_t bit; /* the bit of its name that side[] is chosen by */
	/* Deeper; or back up, to the only name that there may be, where bit doesn't grow. */
	struct json_member *side[2];
};

/* json_names.c: add a member, its key set, to the tree at *root (NULL if empty). False, and nothing
 * added, if the name is there already. Linear in the name, however many there are. */
bool json_names_add(struct json_member **root, struct json_member *m);

#endif
