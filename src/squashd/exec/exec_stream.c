/* SPDX-License-Identifier: MIT */
#include "exec_stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "squashd/wire/api_end.h"

static void flush(struct exec_stream *s)
{
	while (s->at < s->len && !s->gone) {
		ssize_t n = send(s->conn_fd, s->piece + s->at, s->len - s->at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0)
			s->at += (size_t)n;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			s->gone = true;
	}
}

/* Send a piece with these fields, for which there is room. */
static void put(struct exec_stream *s, const struct buf *fields, uint64_t now_ms)
{
	struct msg_head head = {
		.magic = MSG_MAGIC, .kind = MSG_PIECE, .body_len = (uint32_t)fields->len};
	memcpy(s->piece, &head, sizeof(head));
	s->at = 0;
	s->len = sizeof(head) + fields->len;
	s->beat_ms = now_ms + STREAM_BEAT_MS;
	flush(s);
}

static struct buf fields_of(struct exec_stream *s)
{
	return (struct buf){.data = s->piece + sizeof(struct msg_head),
			    .cap = sizeof(s->piece) - sizeof(struct msg_head)};
}

static void say_alive(struct exec_stream *s, uint64_t now_ms)
{
	struct buf fields = fields_of(s);
	msg_add_number(&fields, TAG_DURATION_MS, now_ms - s->begun_ms);
	put(s, &fields, now_ms);
}

void exec_stream_begin(struct exec_stream *s, int conn_fd, uint64_t now_ms)
{
	s->conn_fd = conn_fd;
	s->gone = false;
	s->begun_ms = now_ms;
	s->sent[0] = s->sent[1] = 0;
	say_alive(s, now_ms);
}

bool exec_stream_has_room(const struct exec_stream *s)
{
	return s->at == s->len || s->gone;
}

ssize_t exec_stream_take(struct exec_stream *s, int which, int fd, uint64_t now_ms)
{
	char data[STREAM_PIECE_BYTES];
	ssize_t n = read(fd, data, sizeof(data));
	if (n <= 0)
		return n;
	struct buf fields = fields_of(s);
	msg_add_number(&fields, TAG_OFFSET, s->sent[which]);
	msg_add(&fields, which == 0 ? TAG_STDOUT : TAG_STDERR, data, (size_t)n);
	s->sent[which] += (size_t)n;
	put(s, &fields, now_ms);
	return n;
}

short exec_stream_events(const struct exec_stream *s)
{
	return s->gone ? 0 : api_end_events(!exec_stream_has_room(s));
}

void exec_stream_handle(struct exec_stream *s, short revents)
{
	if (api_end_has_come(revents))
		s->gone = true;
	else if (revents & POLLOUT)
		flush(s);
}

int exec_stream_beat(struct exec_stream *s, uint64_t now_ms)
{
	if (!exec_stream_has_room(s) || s->gone)
		return -1;
	if (now_ms >= s->beat_ms)
		say_alive(s, now_ms);
	return (int)(s->beat_ms - now_ms);
}

void exec_stream_end(struct exec_stream *s)
{
	while (!exec_stream_has_room(s)) {
		struct pollfd fd = {.fd = s->conn_fd, .events = exec_stream_events(s)};
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return;
		exec_stream_handle(s, fd.revents);
	}
}
