/* SPDX-License-Identifier: MIT */
/* Snapshots: their names, and their record as the text of a file, and back. Pure. */
#ifndef SQUASH_SQUASHD_STORE_SNAPSHOT_TEXT_H
#define SQUASH_SQUASHD_STORE_SNAPSHOT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/jsonw.h"
#include "lib/limits.h"

struct snapshot {
	char name[LIMIT_MODULE_BYTES + 1];
	char label[LIMIT_LABEL_BYTES + 1];
	uint64_t created_ms; /* since 1970 */
	uint64_t size;       /* bytes of its file; not in the record */
	size_t layer_count;
	char layers[LIMIT_LAYERS][LIMIT_MODULE_BYTES + 1]; /* that it was taken on, lowest first */
};

/* What snapshot_write needs for any. */
#define SNAPSHOT_BYTES (JSONW_TEXT_BYTES(LIMIT_LABEL_BYTES) + LIMIT_LAYERS * (size_t)80 + 1024)

/* Whether text is a snapshot's name, "9NN-snapshot-K": K, at most nine digits, is put into *k (may
 * be NULL). No module can have such a name. */
bool snapshot_is_name(const char *text, size_t len, uint64_t *k);

/* Whether name can be in a stack: a module's, below 900, or a snapshot's. */
bool snapshot_is_layer(const char *name);

/* The name of the k-th snapshot of a sandbox, with beneath snapshots (99 at most) under it. */
void snapshot_make_name(char name[LIMIT_MODULE_BYTES + 1], unsigned beneath, uint64_t k);

/* Append the record's text to out. */
void snapshot_write(struct buf *out, const struct snapshot *n);

/* Fill *n from the text. 0, or -EBADMSG with e filled when it is no such text. */
int snapshot_read(const uint8_t *text, size_t len, struct snapshot *n, struct err *e);

#endif
