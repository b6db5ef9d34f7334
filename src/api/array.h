/* SPDX-License-Identifier: MIT */
/* Replies that are arrays of records, however long: what squashd sends in pieces goes on in
 * pieces. */
#ifndef SQUASH_API_ARRAY_H
#define SQUASH_API_ARRAY_H

#include "lib/jsonw.h"
#include "lib/msg.h"
#include "members.h"

/* Writes one element, of the record's fields. */
typedef void array_writer(struct jsonw *w, struct msg_cursor record);

/* Reply with an array of an element for each record, and end the process. An array that comes in
 * pieces has no Content-Length; if squashd ends before its last, it stays open: no JSON. */
void array_reply(unsigned status, struct msg_cursor fields, array_writer *write)
	__attribute__((noreturn));

/* Reply with the element of the first record alone, and end the process. */
void array_reply_first(unsigned status, struct msg_cursor fields, array_writer *write)
	__attribute__((noreturn));

/* array_reply with objects of the table's members. */
void array_reply_members(unsigned status, struct msg_cursor fields, const struct member *table,
			 size_t count) __attribute__((noreturn));

#endif
