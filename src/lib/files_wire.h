/* SPDX-License-Identifier: MIT */
/* What box-files writes on its stdout, and a worker reads there as bytes of a stranger's: the
 * sandbox's root may be who wrote them. Native byte order: both are on one machine.
 *
 * A head of the kind FILES_ANSWER, with its text; after one without an error what was asked for:
 * get, as many bytes as it says; tar, an archive; list, entries. Heads of the kind FILES_ALIVE may
 * come before it. Pure. */
#ifndef SQUASH_LIB_FILES_WIRE_H
#define SQUASH_LIB_FILES_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FILES_ALIVE 0x41465153u  /* "SQFA": it is at work, and has nothing to say */
#define FILES_ANSWER 0x52465153u /* "SQFR" */
#define FILES_TEXT_BYTES 319     /* of an error: that of struct err */
#define FILES_NAME_BYTES 255     /* of a file: NAME_MAX */
#define FILES_FRAMED "framed"    /* in place of a size: what is sent comes in frames (frames.h) */
#define FILES_TIME_MAX 253402300799 /* the last second of 9999, the last that RFC 3339 writes */

struct files_head {
	uint32_t kind;
	uint32_t error; /* an errno; 0: it was done */
	uint64_t size;  /* bytes: of the file, or unpacked */
	uint64_t count; /* files unpacked */
	uint32_t mode;  /* of the file, 07777 at most */
	uint32_t text_len;
};

/* Check the bytes of a head. 0 or -EBADMSG. */
int files_wire_head(const uint8_t bytes[sizeof(struct files_head)], struct files_head *head);

enum files_type {
	FILES_FILE = 1,
	FILES_DIRECTORY,
	FILES_LINK,
	FILES_FIFO,
	FILES_SOCKET,
	FILES_DEVICE,
};

/* One of a directory's entries, with its name and then its target behind it. */
struct files_entry_head {
	uint64_t size;
	uint64_t mtime; /* seconds since 1970, up to FILES_TIME_MAX: what is outside, at that end */
	uint32_t mode;  /* 07777 at most */
	uint32_t uid, gid;
	uint16_t type;       /* enum files_type */
	uint16_t name_len;   /* of a name without a slash, not "." or ".." */
	uint16_t target_len; /* of a link's; 0 for all else */
	uint16_t unused[3];  /* 0 */
};

struct files_entry {
	struct files_entry_head head;
	const uint8_t *name, *target; /* in the bytes that were looked at */
};

#define FILES_ENTRY_BYTES (sizeof(struct files_entry_head) + FILES_NAME_BYTES + 4095)

/* Take the entry that the bytes begin with. How many bytes it has; 0: its end has not come yet;
 * -EBADMSG. */
ssize_t files_wire_entry(const uint8_t *data, size_t len, struct files_entry *entry);

#endif
