/* SPDX-License-Identifier: MIT */
/* Sandboxes and their snapshots: as squashd sends them, and as JSON. */
#ifndef SQUASH_API_RECORD_H
#define SQUASH_API_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "lib/msg.h"

struct snapshot {
	struct msg_field name, label; /* into the message; len 0: none */
	uint64_t size, created_ms;
	struct msg_cursor all; /* its fields, for walking over its layers */
};

/* Read the fields of the next snapshot, up to another's or to another sandbox's; they begin with
 * TAG_SNAPSHOT. False when there is no further one. */
bool record_next_snapshot(struct msg_cursor *c, struct snapshot *snapshot);

void record_write_text(struct jsonw *w, const char *key, const struct msg_field *f);
void record_write_number(struct jsonw *w, const char *key, uint64_t number);
void record_write_time(struct jsonw *w, const char *key, uint64_t wall_ms);

/* Reply with the info object of the first sandbox in the message, and end the process. */
void record_reply(unsigned status, struct msg_cursor c) __attribute__((noreturn));

/* The same with an array of all. */
void record_reply_all(unsigned status, struct msg_cursor c) __attribute__((noreturn));

#endif
