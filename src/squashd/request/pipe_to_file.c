/* SPDX-License-Identifier: MIT */
#include "pipe_to_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/limits.h"
#include "lib/msg.h"
#include "passed_fd.h"

/* So much is written before the disk is made to begin, and waited for a window later: it neither
 * fills memory that others need, nor is it all left for one long sync at the end. */
#define WINDOW_BYTES ((off_t)8 << 20)

bool stream_begin(struct stream *t, int pipe_fd, uint64_t size, struct reply *r)
{
	*t = (struct stream){.pipe_fd = pipe_fd, .size = size};
	if (passed_is_pipe(pipe_fd))
		return true;
	reply_fail(r, 400, "bad_message", "the file does not come through a pipe");
	return false;
}

/* The next bytes, as many as there are: their number, 0 at the end; -ETIMEDOUT when there were none
 * for too long. */
static ssize_t read_some(int fd, void *data, size_t len)
{
	for (;;) {
		struct pollfd readable = {.fd = fd, .events = POLLIN};
		ssize_t n = read(fd, data, len);
		if (n >= 0)
			return n;
		if (errno == EAGAIN && poll(&readable, 1, LIMIT_UPLOAD_STALL_MS) == 0)
			return -ETIMEDOUT;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}

/* The same of the body. Of one in frames there may be none before its end, which has come then. */
static ssize_t read_body(struct stream *t, void *data, size_t len)
{
	ssize_t n = 0;
	while (n == 0 && !frames_have_ended(&t->frames)) {
		n = read_some(t->pipe_fd, data, len);
		if (n <= 0)
			return n;
		if (t->size == MSG_FRAMED)
			n = (ssize_t)frames_read(&t->frames, data, (size_t)n);
	}
	t->done += (uint64_t)n;
	return t->done > LIMIT_UPLOAD_BYTES ? -EFBIG : n;
}

/* Whether it came in frames, all of it. */
static bool has_last_frame(const struct stream *t)
{
	return frames_have_ended(&t->frames) && t->done <= LIMIT_UPLOAD_BYTES;
}

bool stream_has_ended(struct stream *t)
{
	uint8_t beyond[1];
	if (t->size != MSG_FRAMED)
		return t->done == t->size;
	return read_body(t, beyond, sizeof(beyond)) == 0 && has_last_frame(t);
}

/* The same: their number, or 0 with the reply filled, unless the body has ended as it should. */
static size_t receive(struct stream *t, void *data, size_t len, struct reply *r)
{
	struct err e;
	ssize_t n = read_body(t, data, len);
	if (n > 0)
		return (size_t)n;
	if (n == 0 && t->size == MSG_FRAMED) {
		if (!has_last_frame(t))
			reply_fail(r, 400, "incomplete",
				   "the body was cut off after %" PRIu64 " bytes", t->done);
	} else if (n == 0) {
		reply_fail(r, 400, "incomplete",
			   "the body ended after %" PRIu64 " bytes of %" PRIu64, t->done, t->size);
	} else if (n == -EFBIG) {
		reply_fail(r, 413, "too_large", "the body is larger than %d bytes",
			   LIMIT_UPLOAD_BYTES);
	} else if (n == -ETIMEDOUT) {
		reply_fail(r, 408, "timeout", "no byte of the body came for %d s",
			   LIMIT_UPLOAD_STALL_MS / 1000);
	} else {
		err_set(&e, (int)-n, "read the body");
		reply_err(r, &e);
	}
	return 0;
}

bool stream_read(struct stream *t, void *data, size_t len, struct reply *r)
{
	size_t done = 0, n;
	while (done < len && (n = receive(t, (char *)data + done, len - done, r)) > 0)
		done += n;
	if (done < len && has_last_frame(t))
		reply_fail(r, 400, "incomplete",
			   "the body has %" PRIu64 " bytes; there must be %zu at least", t->done,
			   len);
	return done == len;
}

/* If what was written since before has filled another window; both count the file's bytes. What
 * goes wrong here, fsync tells. */
static void pace(int file_fd, uint64_t before, uint64_t now)
{
	off_t end = (off_t)now / WINDOW_BYTES * WINDOW_BYTES;
	off_t full = end - WINDOW_BYTES, last = full - WINDOW_BYTES;
	if ((off_t)before >= end)
		return;
	sync_file_range(file_fd, full, WINDOW_BYTES, SYNC_FILE_RANGE_WRITE);
	if (last < 0)
		return;
	sync_file_range(file_fd, last, WINDOW_BYTES,
			SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				SYNC_FILE_RANGE_WAIT_AFTER);
	posix_fadvise(file_fd, last, WINDOW_BYTES, POSIX_FADV_DONTNEED);
}

bool stream_copy(struct stream *t, int file_fd, uint64_t len, br_sha256_context *hash,
		 struct reply *r)
{
	static uint8_t block[65536];
	struct err e;
	for (uint64_t left = len; left > 0;) {
		size_t n =
			receive(t, block, left < sizeof(block) ? (size_t)left : sizeof(block), r);
		if (n == 0)
			return has_last_frame(t);
		int rc = fd_write_all(file_fd, block, n);
		if (rc < 0) {
			err_set(&e, -rc, "write the file");
			reply_err(r, &e);
			return false;
		}
		br_sha256_update(hash, block, n);
		pace(file_fd, t->written, t->written + n);
		t->written += n;
		left -= n;
	}
	return true;
}
