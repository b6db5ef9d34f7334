/* SPDX-License-Identifier: MIT */
/* Checking the fields of a request: each function takes one that has the right tag, and answers
 * whether it was good; if not, the reply is a 400 that names it. */
#ifndef SQUASH_SQUASHD_WIRE_FIELDS_H
#define SQUASH_SQUASHD_WIRE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/msg.h"
#include "reply.h"

/* Reads one field into request, which is of the type that the reader is for. */
typedef bool fields_reader(const struct msg_field *f, void *request, struct reply *r);

/* Reads all fields into request, up to the first that is not good. */
bool fields_read(struct msg_cursor fields, fields_reader *read, void *request, struct reply *r);

/* Whether the id has come, which api always sends. */
bool fields_has_id(const char *id, struct reply *r);

/* Whether a text that must be there is: an empty one counts as missing. */
bool fields_has_text(const char *text, const char *name, struct reply *r);

/* Copy text of at most cap - 1 bytes without a NUL into out, terminated. */
bool fields_text(const struct msg_field *f, const char *name, char *out, size_t cap,
		 struct reply *r);

/* The same for a text that is kept in meta.json: it must be UTF-8, or it would come back
 * another. */
bool fields_label(const struct msg_field *f, const char *name, char *out, size_t cap,
		  struct reply *r);

/* A number in [min, max]. */
bool fields_number(const struct msg_field *f, const char *name, uint64_t min, uint64_t max,
		   uint64_t *out, struct reply *r);

/* How long a body is that comes through a pipe: a number of bytes in [min, LIMIT_UPLOAD_BYTES], or
 * MSG_FRAMED. */
bool fields_body_size(const struct msg_field *f, uint64_t min, uint64_t *size, struct reply *r);

/* A flag. */
bool fields_flag(const struct msg_field *f, const char *name, bool *out, struct reply *r);

/* The id, which must be the one field of the request. */
bool fields_only_id(struct msg_cursor fields, char *id, struct reply *r);

/* Copy a sandbox's id. */
bool fields_id(const struct msg_field *f, char *id, struct reply *r);

/* Copy what is a name of that kind, as a token's is. */
bool fields_name(const struct msg_field *f, const char *name, char *out, struct reply *r);

/* A field that does not belong here, or is damaged: 400. Always false. */
bool fields_refuse(struct reply *r);

#endif
