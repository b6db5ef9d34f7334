/* SPDX-License-Identifier: MIT */
/* A file with the last bytes of a stream, that one process writes and any number read meanwhile. */
#ifndef SQUASH_LIB_RING_H
#define SQUASH_LIB_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RING_KEPT_BYTES UINT64_C(262144) /* screens full; a log of its own has more */
#define RING_PIECE_BYTES 16384           /* that are written at once, at most */

/* Make an empty file one without bytes. 0 or -errno. */
int ring_begin(int fd);

/* Append len bytes, up to RING_PIECE_BYTES, behind the *count that there were, which grows. Where
 * the disk is full they are counted all the same: a reader sees zeroes, or old bytes. */
void ring_write(int fd, uint64_t *count, const char *data, size_t len);

/* How many there ever were. */
uint64_t ring_count(int fd);

/* Read up to cap bytes from number *offset on; if that isn't kept any more, *offset becomes that of
 * the first that is. How many; 0: there are no more so far; -errno. */
ssize_t ring_read(int fd, uint64_t *offset, char *data, size_t cap);

#endif
