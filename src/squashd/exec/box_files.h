/* SPDX-License-Identifier: MIT */
/* What goes to box-files in a sandbox, and what comes from it: the worker stands between, so that
 * nobody inside holds a pipe of httpd's, and what comes is bounded here. */
#ifndef SQUASH_SQUASHD_EXEC_BOX_FILES_H
#define SQUASH_SQUASHD_EXEC_BOX_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "exec.h"
#include "lib/files_wire.h"
#include "lib/msg.h"

#define TRANSFER_PIECE_BYTES 65536

struct transfer {
	struct exec_job *job;
	int conn_fd;          /* api's; its end is the client's */
	int source_fd;        /* the body comes there; -1: there is none (borrowed) */
	uint64_t source_left; /* bytes of it that are still to come; in frames, more than these */
	bool source_ended;    /* before that */
	bool ended;           /* box-files */
	int exit_status;      /* then: 0 if it has done all it should */
	uint64_t moved_ms;    /* clock_mono_ms() when a byte moved for the last time */
	uint64_t frozen_ms;   /* how long the sandbox had been frozen by then */
	size_t at, len;       /* of block: what is on its way in */
	uint8_t block[TRANSFER_PIECE_BYTES];
};

/* Begin with a job that has been started. size: bytes of the body, or MSG_FRAMED: the frames go in
 * as they are, and box-files sees where they end. */
void transfer_begin(struct transfer *t, struct exec_job *job, int conn_fd, int source_fd,
		    uint64_t size);

/* Read of what comes, up to len bytes, while the body goes in. How many; 0: it has ended;
 * -ECONNRESET: the client is gone; -ETIMEDOUT: nothing has moved for LIMIT_UPLOAD_STALL_MS, the
 * time that the sandbox was frozen aside; another -errno. */
ssize_t transfer_read(struct transfer *t, void *data, size_t len, struct err *e);

/* Read box-files' answer; an error's text into text. 0; -EBADMSG: it was none; as above. */
int transfer_head(struct transfer *t, struct files_head *head, char text[FILES_TEXT_BYTES + 1],
		  struct err *e);

/* Send the fields as a piece, when api has room for it. 0 or -errno, as above. */
int transfer_send(struct transfer *t, const struct buf *fields, struct err *e);

/* See it to its end. Whether it did what it should, and has written no more than that. */
bool transfer_end(struct transfer *t, struct err *e);

#endif
