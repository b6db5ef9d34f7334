/* SPDX-License-Identifier: MIT */
/* A tar archive, made by anybody, becomes files of this side.
 *
 * Nothing is written outside of the directory, and nothing through a link, whether that came with
 * the archive or was there before: beneath.h. Files and links take the place of files and links.
 * All belongs to the user who runs it, with the permissions that the umask leaves, and without
 * set-user-ID, set-group-ID and sticky bits. FIFOs and devices are left out. */
#ifndef SQUASH_CTL_UNPACK_H
#define SQUASH_CTL_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"
#include "lib/tar_read.h"
#include "limits.h"

struct unpack_directory;

struct unpack {
	/* Read up to cap bytes of the archive. Returns how many, 0 at the end, or -errno with e
	 * filled. */
	ssize_t (*read)(void *owner, void *data, size_t cap, struct err *e);
	/* Is told of each entry that is left out. */
	void (*left_out)(void *owner, const char *name);
	void *owner;
	int root_fd; /* of the directory, borrowed */

	mode_t mask; /* the umask */
	bool has_left_out;
	struct err *e;
	struct tar_reader reader;
	struct tar_entry entry;
	/* Directories of the archive, whose modes and times come last. */
	struct unpack_directory *directories;
	size_t directories_count, directories_bytes;
	/* The directory that the entry before was in; -1: none. */
	int parent_fd;
	char parent[TAR_NAME_BYTES];
	uint8_t block[CTL_IO_BYTES];
};

/* Unpack. The caller has filled the first four members; memory is freed. Returns 0; or -errno with
 * e filled, and what came before the fault is there: -EPROTO for an archive that is none, is cut
 * off or leads out of the directory, -EIO for a file of this side, or what read() has failed with.
 */
int unpack(struct unpack *u, struct err *e);

#endif
