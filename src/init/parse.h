/* SPDX-License-Identifier: MIT */
/* Parsers of what the image, the kernel and a disk give to PID 1. Pure: no I/O, no allocation. */
#ifndef SQUASH_INIT_PARSE_H
#define SQUASH_INIT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The manifest: "<size in bytes> <absolute path>" a line. */
struct manifest_entry {
	uint64_t size_bytes;
	const char *path; /* path_len bytes into the manifest's text */
	size_t path_len;
};

/* Take one line from *text, moving *text and *len past it. 1: an entry; 0: the end; -1: a line that
 * is none (it is passed over). */
int manifest_next(const char **text, size_t *len, struct manifest_entry *entry);

/* An ext2, ext3 or ext4 superblock, which lies at byte 1024 of the disk.
 * Source: Documentation/filesystems/ext4/super.rst. */
#define EXT_SUPER_OFFSET 1024
#define EXT_SUPER_BYTES 1024
#define EXT_LABEL_BYTES 16

struct ext_super {
	char label[EXT_LABEL_BYTES + 1];
	bool has_errors; /* the kernel recorded an inconsistency in it */
};

/* Read super (EXT_SUPER_BYTES). False: not such a file system. */
bool ext_super_parse(const uint8_t *super, struct ext_super *out);

/* The value of KEY in a kernel event ("add@/devices/...", then KEY=value, each ended by NUL), or
 * NULL. It is inside of message and ends with a NUL there. */
const char *uevent_find(const char *message, size_t len, const char *key);

#endif
