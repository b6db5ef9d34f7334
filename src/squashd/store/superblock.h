/* SPDX-License-Identifier: MIT */
/* The first bytes of a squashfs: whether a file can be one that the kernel mounts. Pure.
 *
 * This finds files that are something else, or were cut or damaged; what lies behind the superblock
 * is the kernel's to parse. Source: Linux, fs/squashfs/squashfs_fs.h and super.c;
 * Documentation/filesystems/squashfs.rst. */
#ifndef SQUASH_SQUASHD_STORE_SUPERBLOCK_H
#define SQUASH_SQUASHD_STORE_SUPERBLOCK_H

#include <stddef.h>
#include <stdint.h>

#define SUPERBLOCK_BYTES 96

struct superblock_fault {
	const char *field; /* as the kernel's header calls it */
	const char *reason;
};

/* Check the first len bytes, SUPERBLOCK_BYTES or all that there are, of a file of file_size bytes.
 * 0, or -EINVAL with fault filled. */
int superblock_check(const uint8_t *bytes, size_t len, uint64_t file_size,
		     struct superblock_fault *fault);

#define SUPERBLOCK_PADDING 4096 /* mksquashfs fills the file up to a multiple of it */

/* Where the image that begins with these bytes ends, its padding included: bytes_used rounded up.
 * 0 or -EINVAL: they are no squashfs. What else they say has not been looked at. */
int superblock_find_end(const uint8_t *bytes, size_t len, uint64_t *end);

#endif
