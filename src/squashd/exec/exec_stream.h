/* SPDX-License-Identifier: MIT */
/* The output of a command on its way to api while it comes: replies of kind MSG_PIECE, before the
 * last one. One piece at a time is on its way; as long as the reader has not taken it, no more is
 * read of the command's pipes, and the command waits as it would for a terminal. */
#ifndef SQUASH_SQUASHD_EXEC_EXEC_STREAM_H
#define SQUASH_SQUASHD_EXEC_EXEC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/msg.h"

#define STREAM_PIECE_BYTES 16384 /* of output in a piece */
#define STREAM_BEAT_MS 1000      /* at the latest there is a piece, if an empty one */

struct exec_stream {
	int conn_fd; /* borrowed */
	bool gone;   /* nobody reads any more */
	uint64_t begun_ms, beat_ms;
	uint64_t sent[2]; /* bytes of stdout and of stderr */
	char piece[sizeof(struct msg_head) + 64 + STREAM_PIECE_BYTES];
	size_t at, len; /* what is left to be sent of it */
};

/* Begin, at now_ms of clock_mono_ms(). The reader is told at once that the command runs. */
void exec_stream_begin(struct exec_stream *s, int conn_fd, uint64_t now_ms);

/* Whether exec_stream_take() may be called: all pieces so far are sent, or not wanted. */
bool exec_stream_has_room(const struct exec_stream *s);

/* Read what fd has, stdout (0) or stderr (1), and send it: what read(2) returned. */
ssize_t exec_stream_take(struct exec_stream *s, int which, int fd, uint64_t now_ms);

/* For poll(2) on conn_fd, and what to do with its result. */
short exec_stream_events(const struct exec_stream *s);
void exec_stream_handle(struct exec_stream *s, short revents);

/* Send a sign of life if it is time. Milliseconds until this must be called again, or -1. */
int exec_stream_beat(struct exec_stream *s, uint64_t now_ms);

/* Wait until the last piece is sent, or nobody is left to take it. */
void exec_stream_end(struct exec_stream *s);

#endif
