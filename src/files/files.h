/* SPDX-License-Identifier: MIT */
/* The operations of box-files, each in a file of its own. Paths are absolute, as the sandbox sees
 * them, and taken as its root would: links are followed, but the last part of what is deleted.
 *
 * Each writes its answer (lib/files_wire.h) and what belongs behind it on stdout, and returns 0; or
 * -errno with e filled, and has written nothing, or something that is not whole. */
#ifndef SQUASH_FILES_FILES_H
#define SQUASH_FILES_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/files_wire.h"

int files_get(const char *path, struct err *e);

/* Whose what is written is to be; not given: as the operation says. */
struct files_owner {
	bool is_given;
	uint32_t uid, gid;
};

/* The file comes on stdin, so many bytes, in decimal, or FILES_FRAMED. mode: octal digits; "": that
 * of the file that was there, or 0644. Without an owner it stays that file's owner's. */
int files_put(const char *path, const char *mode, const struct files_owner *owner, const char *size,
	      struct err *e);

int files_delete(const char *path, bool recursive, struct err *e);
int files_list(const char *path, struct err *e);
int files_pack(const char *path, struct err *e);

/* The archive comes on stdin. Without an owner each entry is its own owner's. */
int files_unpack(const char *path, const struct files_owner *owner, struct err *e);

/* ---- What they have in common ---- */

#define FILES_BLOCK_BYTES 65536

/* Write to stdout, through a buffer; files_flush() writes what is left in it. 0 or -errno. */
int files_write(const void *data, size_t len, struct err *e);
int files_flush(struct err *e);

/* Write a head. 0 or -errno. Whether that has been done. */
int files_answer(const struct files_head *head, struct err *e);
bool files_have_answered(void);

/* What comes on stdin is in frames: the functions below take them off. */
void files_expect_frames(void);

/* Read some of stdin, up to len bytes. How many; 0 at its end; -ENODATA if it is in frames and ends
 * before their end; another -errno. */
ssize_t files_read_some(void *data, size_t len, struct err *e);

/* Read all of len bytes of stdin. 0; -ENODATA if they end before; another -errno. */
int files_read(void *data, size_t len, struct err *e);

/* Move so many bytes of stdin to fd. As files_read(). */
int files_receive(int fd, uint64_t size, struct err *e);

/* Move all there are. How many, or as files_read_some(). */
int64_t files_receive_all(int fd, struct err *e);

/* A file without a name in that directory, which is gone unless files_place() gives it one. Its
 * descriptor, or -errno. */
int files_make(int dir_fd, struct err *e);

/* Give it that name in the directory, at once and whole, in place of what has it, unless that is a
 * directory. 0 or -errno. */
int files_place(int fd, int dir_fd, const char *name, struct err *e);

/* A name for a moment, in the directory that what gets it is moved in. */
const char *files_temporary(void);

/* Make those directories above the path that are not there, 0755. 0 or -errno. */
int files_make_parents(const char *path, struct err *e);

#endif
