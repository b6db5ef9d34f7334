/* SPDX-License-Identifier: MIT */
/* Reading tar archives, made by anybody: POSIX.1-2017 pax, "ustar Interchange Format" and "pax
 * Interchange Format"; GNU tar's long names (tar(5) of libarchive). No I/O: a callback has the
 * bytes. */
#ifndef SQUASH_LIB_TAR_READ_H
#define SQUASH_LIB_TAR_READ_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "tar_entry.h"

#define TAR_EXTENSION_BYTES 65536 /* what may stand before an entry, of each kind */

struct tar_reader {
	/* Read all of len bytes: 0, or -errno with e filled; -ENODATA: they end before that. */
	int (*read)(void *owner, void *data, size_t len, struct err *e);
	void *owner;
	uint8_t extension[TAR_EXTENSION_BYTES];
};

/* Read up to the next entry; its data, of entry->size bytes, padded to a whole block, are the
 * caller's to read. 1; 0 at the archive's end; -EBADMSG when it is none, has what is not taken
 * (sparse files, parts of an archive), or has no end; what read() has failed with. */
int tar_read(struct tar_reader *r, struct tar_entry *entry, struct err *e);

/* Bytes that follow data of that size, up to a whole block. */
size_t tar_padding(uint64_t size);

/* Make a name relative, in place: without a slash at either end, and without parts that are empty
 * or "."; it may become empty. -EBADMSG if it has a "..". */
int tar_clean_name(char *name);

#endif
