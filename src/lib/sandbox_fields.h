/* SPDX-License-Identifier: MIT */
/* The fields of a sandbox that POST sandboxes may set and that its info object shows. squashd keeps
 * each in struct sandbox and in meta.json; squashd/store/sandbox_members.c has the limits. */
#ifndef SQUASH_LIB_SANDBOX_FIELDS_H
#define SQUASH_LIB_SANDBOX_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "field.h"

/* In the order of the info object. */
extern const struct field sandbox_fields[];
extern const size_t sandbox_fields_count;

/* Returns the field with that tag, or NULL. */
const struct field *sandbox_fields_find(uint32_t tag);

#endif
