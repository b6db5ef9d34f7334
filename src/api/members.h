/* SPDX-License-Identifier: MIT */
/* From the fields of a message to the members of a JSON object, by a table. */
#ifndef SQUASH_API_MEMBERS_H
#define SQUASH_API_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/field.h"
#include "lib/jsonw.h"
#include "lib/msg.h"

enum member_type {
	MEMBER_TEXT,
	MEMBER_TEXT_OR_NULL, /* "" is null */
	MEMBER_NUMBER,
	MEMBER_NUMBER_OR_NULL, /* 0 is null */
	MEMBER_FLAG,
	MEMBER_MODE, /* of a file, a number: a text of four octal digits */
	MEMBER_TIME,
	MEMBER_TEXTS,  /* an array of all fields of the tag */
	MEMBER_OBJECT, /* what follows, up to MEMBER_END, is in an object of its own; no tag */
	MEMBER_END,    /* no key either */
};

struct member {
	const char *key;
	enum member_type type;
	enum msg_tag tag;
};

/* Write the table's members, in its order, into the object that is open. A field that is not in the
 * message is as good as one that is empty, or 0. */
void members_write(struct jsonw *w, struct msg_cursor c, const struct member *table, size_t count);

/* Write the field as a member, in the form that a request writes it in. */
void members_write_field(struct jsonw *w, struct msg_cursor c, const struct field *field);

/* Reply with an object of the table's members, and end the process. word: of a member "status"
 * behind them; NULL: it has none. */
void members_reply(unsigned status, struct msg_cursor c, const struct member *table, size_t count,
		   const char *word) __attribute__((noreturn));

#define MEMBERS_MODE_BYTES 5 /* four digits, NUL */

/* A file's mode, 07777 at most, as four octal digits. Returns text. */
const char *members_mode_text(uint64_t mode, char text[MEMBERS_MODE_BYTES]);

/* A number of the message; 0 if it has none of that tag. */
uint64_t members_find_number(struct msg_cursor c, enum msg_tag tag);

/* Write an array of all texts of the tag. */
void members_write_texts(struct jsonw *w, struct msg_cursor c, enum msg_tag tag);

/* Of a message that has records, each begun by TAG_RECORD: the next one's fields. False: there is
 * none. */
bool members_next_record(struct msg_cursor *c, struct msg_cursor *record);

#endif
