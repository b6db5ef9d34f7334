/* SPDX-License-Identifier: MIT */
/* From a tree of files to a tar archive: files, directories, links, hard links, FIFOs. Sockets and
 * devices are left out. Links are never followed. */
#ifndef SQUASH_LIB_TAR_PACK_H
#define SQUASH_LIB_TAR_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "tar_entry.h"
#include "tar_write.h"

#define TAR_PACK_BLOCK_BYTES 65536
#define TAR_PACK_BUCKETS 1024

/* A file with several names: the first that was met. */
struct tar_pack_linked;

struct tar_packer {
	/* Takes the archive's bytes. Returns 0, or -errno with e filled, which ends it. NULL: they
	 * are only counted, and no file's data are read. */
	int (*write)(void *owner, const void *bytes, size_t len, struct err *e);
	/* Is told of each file that is left out, by its name in the archive. NULL: nobody is. */
	void (*left_out)(void *owner, const char *name);
	void *owner;    /* of these two */
	bool has_owner; /* uid and gid are those of all entries */
	uint64_t uid, gid;
	uint64_t max_bytes; /* of the archive; more is -EFBIG */

	uint64_t bytes;  /* of the archive, so far */
	bool is_in_data; /* a file's have begun, and are not all there */
	struct err *e;
	/* Memory for each file that has several names, until tar_pack_free. */
	struct tar_pack_linked *linked[TAR_PACK_BUCKETS];
	struct tar_entry entry; /* its name grows and shrinks with the path */
	uint8_t header[TAR_HEADER_BYTES];
	uint8_t block[TAR_PACK_BLOCK_BYTES];
};

/* Pack what is in the directory, with names relative to it. dir_fd is borrowed. It takes a
 * descriptor for each level of directories: 2048 at most. Returns 0, or -errno with e filled. */
int tar_pack_directory(struct tar_packer *p, int dir_fd, struct err *e);

/* Pack a regular file under that name, of less than TAR_NAME_BYTES. fd is borrowed. Returns 0, or
 * -errno with e filled. */
int tar_pack_file(struct tar_packer *p, int fd, const char *name, struct err *e);

/* Write the end of an archive that is whole. Returns 0, or -errno with e filled. */
int tar_pack_end(struct tar_packer *p, struct err *e);

/* Let an archive that failed stop in the middle of an entry: one that stops between two looks whole
 * to most programs. Returns 0, or -errno with e filled. */
int tar_pack_cut_off(struct tar_packer *p, struct err *e);

/* Free the memory. */
void tar_pack_free(struct tar_packer *p);

#endif
