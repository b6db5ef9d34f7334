/* SPDX-License-Identifier: MIT */
/* What comes through a pipe and is to be a file: an upload's body. */
#ifndef SQUASH_SQUASHD_REQUEST_PIPE_TO_FILE_H
#define SQUASH_SQUASHD_REQUEST_PIPE_TO_FILE_H

#include <bearssl_hash.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/frames.h"
#include "squashd/wire/reply.h"

struct stream {
	int pipe_fd;          /* borrowed; stream_begin() has found it good */
	uint64_t size, done;  /* bytes: of the whole body, or MSG_FRAMED, and of it so far */
	uint64_t written;     /* bytes that the file has of it */
	struct frames frames; /* of one in frames */
};

/* Begin with the descriptor that came with a request (borrowed), if it is the reading end of a
 * pipe: no other kind is taken from api, which may have been taken over; by what squashd does to
 * the end of a pipe nobody gains anything. False: the reply says so. */
bool stream_begin(struct stream *t, int pipe_fd, uint64_t size, struct reply *r);

/* Read exactly len bytes of the body. False if they don't come: the reply is a 400 if the body
 * ended early, a 408 if no byte came for LIMIT_UPLOAD_STALL_MS. */
bool stream_read(struct stream *t, void *data, size_t len, struct reply *r);

/* Whether all of the body was read. Of one in frames this may wait for what comes next: bytes of
 * the body that come are lost, and it is not. False as well if the body was cut off, or stalls. */
bool stream_has_ended(struct stream *t);

/* Write the next len bytes of it to the file (borrowed, at where they go), steadily, so
 * that neither much of it is in memory, nor much left to sync at the end; they are added to the
 * hash. One in frames may end before: see t->done. False as above, or for what is wrong with the
 * file. The file isn't synced. */
bool stream_copy(struct stream *t, int file_fd, uint64_t len, br_sha256_context *hash,
		 struct reply *r);

#endif
