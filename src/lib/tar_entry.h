/* SPDX-License-Identifier: MIT */
/* One entry of a tar archive, however it is written. */
#ifndef SQUASH_LIB_TAR_ENTRY_H
#define SQUASH_LIB_TAR_ENTRY_H

#include <stdint.h>

#define TAR_BLOCK 512
#define TAR_NAME_BYTES 4096 /* of a name, with its NUL: PATH_MAX */

enum tar_type {
	TAR_FILE = '0',
	TAR_HARD_LINK = '1',
	TAR_LINK = '2',
	TAR_CHARACTER_DEVICE = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIRECTORY = '5',
	TAR_FIFO = '6',
};

struct tar_entry {
	enum tar_type type;
	uint32_t mode; /* 07777 at most */
	uint64_t uid, gid;
	int64_t mtime; /* seconds since 1970 */
	uint64_t size; /* of the data behind it: 0 but for files */
	char name[TAR_NAME_BYTES];
	char target[TAR_NAME_BYTES]; /* of links of both kinds, or empty */
};

#endif
