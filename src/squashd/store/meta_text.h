/* SPDX-License-Identifier: MIT */
/* A sandbox as the text of its meta.json, and back. Pure. */
#ifndef SQUASH_SQUASHD_STORE_META_TEXT_H
#define SQUASH_SQUASHD_STORE_META_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/jsonw.h"
#include "squashd/sandbox.h"

/* What meta_write needs for any sandbox. Of a text, each byte may need six as JSON; the rest is
 * keys, numbers, quotes and commas. */
#define META_BYTES (JSONW_TEXT_BYTES(sizeof(struct sandbox)) + 16384)

/* Whether text can be a sandbox's id. */
bool meta_is_id(const char *text, size_t len);

/* Append the JSON text to out. */
void meta_write(struct buf *out, const struct sandbox *sb);

/* Fill *sb from the text. 0, or -EBADMSG with e filled when it is no such text. */
int meta_read(const uint8_t *text, size_t len, struct sandbox *sb, struct err *e);

#endif
