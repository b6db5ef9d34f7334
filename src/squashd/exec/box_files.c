/* SPDX-License-Identifier: MIT */
#include "box_files.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "squashd/box/freeze.h"
#include "squashd/wire/api_end.h"

enum { SOURCE, IN, OUT, PID, CLIENT, WATCHED };

static void note_moved(struct transfer *t)
{
	t->moved_ms = clock_mono_ms();
}

void transfer_begin(struct transfer *t, struct exec_job *job, int conn_fd, int source_fd,
		    uint64_t size)
{
	t->job = job;
	t->conn_fd = conn_fd;
	t->source_fd = size > 0 ? source_fd : -1;
	t->source_left = size;
	t->source_ended = t->ended = false;
	t->exit_status = -1;
	t->frozen_ms = job->leaf.frozen_ms;
	t->at = t->len = 0;
	note_moved(t);
}

/* Nobody inside reads on, or there is no more. */
static void close_in(struct transfer *t)
{
	fd_close(&t->job->in_fd);
	t->source_fd = -1;
	t->at = t->len = 0;
}

static void take_source(struct transfer *t)
{
	size_t len = t->source_left < sizeof(t->block) ? (size_t)t->source_left : sizeof(t->block);
	ssize_t n = read(t->source_fd, t->block, len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		t->source_ended = true;
		close_in(t);
		return;
	}
	t->source_left -= (uint64_t)n;
	t->at = 0;
	t->len = (size_t)n;
	note_moved(t);
}

static void feed(struct transfer *t)
{
	ssize_t n = write(t->job->in_fd, t->block + t->at, t->len - t->at);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) { /* EPIPE: the worker ignores the signal */
		close_in(t);
		return;
	}
	t->at += (size_t)n;
	note_moved(t);
	if (t->at == t->len && t->source_left == 0)
		close_in(t);
}

static int reap(struct transfer *t, struct err *e)
{
	siginfo_t info = {.si_pid = 0};
	if (waitid(P_PIDFD, (id_t)t->job->pidfd, &info, WEXITED) < 0)
		return err_set(e, errno, "wait for box-files");
	t->ended = true;
	t->exit_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}

/* Milliseconds until nothing has moved for too long; 0: that is now. */
static int time_left(struct transfer *t)
{
	uint64_t now = clock_mono_ms();
	if (now - t->moved_ms < LIMIT_UPLOAD_STALL_MS)
		return (int)(t->moved_ms + LIMIT_UPLOAD_STALL_MS - now);
	uint64_t frozen_ms = freeze_total_ms(t->job->leaf.box_fd);
	if (frozen_ms <= t->frozen_ms)
		return 0;
	t->moved_ms += frozen_ms - t->frozen_ms;
	t->frozen_ms = frozen_ms;
	return now - t->moved_ms < LIMIT_UPLOAD_STALL_MS
		       ? (int)(t->moved_ms + LIMIT_UPLOAD_STALL_MS - now)
		       : 0;
}

/* Wait until something can go on, and do what isn't the caller's: he reads what comes, or sends. */
static int wait_for(struct transfer *t, bool reads, bool sends, struct err *e)
{
	bool holds = t->at < t->len;
	struct pollfd fds[WATCHED] = {
		[SOURCE] = {.fd = holds ? -1 : t->source_fd, .events = POLLIN},
		[IN] = {.fd = holds ? t->job->in_fd : -1, .events = POLLOUT},
		[OUT] = {.fd = reads ? t->job->out_fd : -1, .events = POLLIN},
		[PID] = {.fd = t->ended ? -1 : t->job->pidfd, .events = POLLIN},
		[CLIENT] = {.fd = t->conn_fd, .events = api_end_events(sends)},
	};
	int left_ms = time_left(t);
	if (left_ms == 0)
		return err_say(e, ETIMEDOUT, "nothing has moved for %d s",
			       LIMIT_UPLOAD_STALL_MS / 1000);
	if (poll(fds, WATCHED, left_ms) < 0)
		return errno == EINTR ? 0 : err_set(e, errno, "poll");
	if (api_end_has_come(fds[CLIENT].revents))
		return err_say(e, ECONNRESET, "nobody waits for it any more");
	if (fds[SOURCE].revents)
		take_source(t);
	if (fds[IN].revents)
		feed(t);
	return fds[PID].revents ? reap(t, e) : 0;
}

ssize_t transfer_read(struct transfer *t, void *data, size_t len, struct err *e)
{
	for (;;) {
		ssize_t n = read(t->job->out_fd, data, len);
		if (n > 0)
			note_moved(t);
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			return err_set(e, errno, "read from box-files");
		if (t->ended) /* before that read: what it has written was all there */
			return 0;
		int rc = wait_for(t, true, false, e);
		if (rc < 0)
			return rc;
	}
}

static int read_whole(struct transfer *t, void *data, size_t len, struct err *e)
{
	for (size_t have = 0; have < len;) {
		ssize_t n = transfer_read(t, (char *)data + have, len - have, e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return err_say(e, EBADMSG,
				       "it was ended inside of the sandbox, or with it");
		have += (size_t)n;
	}
	return 0;
}

int transfer_head(struct transfer *t, struct files_head *head, char text[FILES_TEXT_BYTES + 1],
		  struct err *e)
{
	uint8_t bytes[sizeof(*head)];
	text[0] = '\0';
	do {
		int rc = read_whole(t, bytes, sizeof(bytes), e);
		if (rc < 0)
			return rc;
		if (files_wire_head(bytes, head) < 0)
			return err_say(e, EBADMSG, "something inside of the sandbox has spoilt it");
	} while (head->kind == FILES_ALIVE);
	int rc = read_whole(t, text, head->text_len, e);
	text[head->text_len] = '\0';
	return rc;
}

static int send_all(struct transfer *t, const void *data, size_t len, struct err *e)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = send(t->conn_fd, (const char *)data + at, len - at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		int rc = 0;
		if (n >= 0) {
			at += (size_t)n;
			note_moved(t);
		} else if (errno == EAGAIN) {
			rc = wait_for(t, false, true, e);
		} else if (errno != EINTR) {
			rc = err_say(e, ECONNRESET, "nobody waits for it any more");
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

int transfer_send(struct transfer *t, const struct buf *fields, struct err *e)
{
	const struct msg_head head = {
		.magic = MSG_MAGIC, .kind = MSG_PIECE, .body_len = (uint32_t)fields->len};
	int rc = send_all(t, &head, sizeof(head), e);
	return rc < 0 ? rc : send_all(t, fields->data, fields->len, e);
}

bool transfer_end(struct transfer *t, struct err *e)
{
	close_in(t);
	ssize_t n = transfer_read(t, t->block, sizeof(t->block), e);
	if (n > 0) /* nor is it read on: whoever writes it might never end */
		n = err_say(e, EBADMSG, "something inside of the sandbox has spoilt it");
	while (n == 0 && !t->ended)
		n = wait_for(t, false, false, e);
	return n == 0 && t->exit_status == 0;
}
