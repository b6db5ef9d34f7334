/* SPDX-License-Identifier: MIT */
/* Writes DER (X.690 8.1, 10.1) into a buffer of the caller's. What doesn't fit sets full. */
#ifndef SQUASH_FRONT_IDENTITY_DER_WRITE_H
#define SQUASH_FRONT_IDENTITY_DER_WRITE_H

#include <stdint.h>

#include "der.h"
#include "lib/buf.h"

/* Open an element, whose content is what is added up to der_end. Returns what that takes. */
size_t der_begin(struct buf *b, uint8_t tag);

/* Close the element; its length is known now. 65535 bytes at most. */
void der_end(struct buf *b, size_t begin);

/* An element of len bytes of content. */
void der_add(struct buf *b, uint8_t tag, const void *content, size_t len);

#endif
