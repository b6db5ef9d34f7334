/* SPDX-License-Identifier: MIT */
/* Writing tar archives: ustar, with a pax header before an entry that doesn't fit. Pure. */
#ifndef SQUASH_LIB_TAR_WRITE_H
#define SQUASH_LIB_TAR_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "tar_entry.h"

/* A pax header with both names and four numbers, and the entry's own. */
#define TAR_HEADER_BYTES (2 * TAR_BLOCK + 2 * (TAR_NAME_BYTES + 64) + TAR_BLOCK)

/* Write what stands before the entry's data, in whole blocks; their length. A directory's name gets
 * its slash here. */
size_t tar_write_header(const struct tar_entry *entry, uint8_t out[TAR_HEADER_BYTES]);

#endif
