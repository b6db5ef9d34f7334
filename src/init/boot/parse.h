/* SPDX-License-Identifier: MIT */
/* Parsers of what the image, the kernel and a disk give to PID 1. Pure: no I/O, no allocation. */
#ifndef SQUASH_INIT_BOOT_PARSE_H
#define SQUASH_INIT_BOOT_PARSE_H

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
	uint32_t block_bytes; /* 0: of no size that there is */
	uint64_t block_count;
	bool has_errors;         /* the kernel recorded an inconsistency in it */
	bool has_project_quotas; /* what it needs to be mounted with prjquota, and bounded by it */
};

/* Read super (EXT_SUPER_BYTES). False: not such a file system. */
bool ext_super_parse(const uint8_t *super, struct ext_super *out);

/* A small file system, to be written to a blank disk: the blocks of it that are not zero, each as
 * its number (32 bits, little-endian) and its content, from block 0 up. Made by
 * scripts/mk-format-image. */
#define IMAGE_BLOCK_BYTES 4096

struct disk_image {
	const uint8_t *records; /* borrowed */
	size_t count;
	uint64_t bytes; /* of the whole file system */
};

/* Look through the image in bytes. False: it is damaged. */
bool disk_image_parse(const uint8_t *bytes, size_t len, struct disk_image *out);

/* The number of the i-th block, i below count, and its content: IMAGE_BLOCK_BYTES, borrowed. */
uint32_t disk_image_block(const struct disk_image *image, size_t i, const uint8_t **content);

/* How many of the bytes are zero before the first that is not. By words: it is for many MiB. */
size_t count_zeroes(const uint8_t *bytes, size_t len);

/* The serial number that a file of sysfs holds, without blanks around it: a text, or with is_page a
 * "unit serial number" page (SCSI Primary Commands 4, section 7.8.15: the number comes after 4
 * bytes, the last two of which are its length). False, and serial empty: it holds none, or one
 * that is too long. */
#define SERIAL_BYTES 256 /* a SCSI name may have 255 */
bool serial_parse(const uint8_t *bytes, size_t len, bool is_page, char serial[SERIAL_BYTES]);

/* The value of KEY in a kernel event ("add@/devices/...", then KEY=value, each ended by NUL), or
 * NULL. It is inside of message and ends with a NUL there. */
const char *uevent_find(const char *message, size_t len, const char *key);

/* Whether the kernel's command line has name=..., as a word of its own. What stands in "..." is one
 * word with what it touches. */
bool command_line_has(const char *text, const char *name);

#endif
