/* SPDX-License-Identifier: MIT */
/* A request's way to httpd, and the reply's way back. httpd reads one request of a connection and
 * closes it behind its reply. */
#include "forward.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "answer.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/frames.h"
#include "lib/paths.h"
#include "request.h"

static int open_backend(struct conn *c)
{
	static const struct sockaddr_un address = {.sun_family = AF_UNIX,
						   .sun_path = PATH_FRONT_HTTPD};
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	c->backend.readable = c->backend.writable = true;
	c->backend.broken = false;
	int rc = loop_add(&c->front->loop, &c->backend.source, fd, SOCKET_EVENTS);
	if (rc == 0)
		fd_steal(&fd);
	return rc;
}

/* httpd is being restarted, or its queue is full. */
static void try_again(struct conn *c)
{
	if (++c->retries > FRONT_RETRIES) {
		answer(c, 503, "unavailable", "the API does not answer");
		return;
	}
	c->state = CONN_PAUSES;
	conn_set_deadline(c, FRONT_RETRY_MS);
}

/* What was passed on of its body has no end, and so comes to nothing. */
static void refuse(struct conn *c, unsigned status, const char *code, const char *text)
{
	if (c->part == CONN_REPLY) {
		conn_close(c);
		return;
	}
	conn_end_request(c);
	answer(c, status, code, text);
}

void forward_give_up(struct conn *c)
{
	refuse(c, 408, "timeout", "the request's body took too long");
}

void forward_start(struct conn *c)
{
	struct buf out = {.data = c->out, .cap = FRONT_OUT_BYTES};
	/* That of an upload has been tried. */
	if (!c->is_upload && !request_may_try(c))
		return;
	int rc = open_backend(c);
	if (rc < 0) {
		try_again(c);
		return;
	}
	c->asks_api = head_asks_api(&c->head);
	c->asks_page = head_asks_page(&c->head);
	c->authorises = c->is_long && !c->is_upload && head_has_body(&c->head);
	head_write_request(&c->head, &c->addr, c->authorises, &out);
	c->out_at = 0;
	c->out_len = out.len;
	c->part = CONN_REQUEST_HEAD;
	c->reply_done = c->body_refused = false;
	c->state = CONN_FORWARDS;
	conn_set_idle(c, false);
	conn_count_request(c);
	if (c->is_long && !c->is_upload) {
		c->body_refused = true; /* until it is authorised; of another method, for good */
	} else if (!head_has_body(&c->head)) {
		/* What another method brings is dropped, as it is here. */
		c->body_at += (size_t)c->body_left;
		c->body_left = 0;
	} else if (c->is_upload && c->in_len == c->body_at) {
		request_say_continue(c);
	}
	c->body_due_ms = c->front->loop.now_ms + FRONT_BODY_GRACE_MS;
	c->take_due_ms = 0;
}

/* Bytes of the body that are here. */
static size_t body_here(const struct conn *c)
{
	size_t n = c->in_len - c->body_at;
	return n < c->body_left ? n : (size_t)c->body_left;
}

/* There may be a token in it. httpd gets it a second time if the body may come. */
static void forget_head(struct conn *c)
{
	explicit_bzero(c->out, c->out_len);
	if (!c->authorises)
		explicit_bzero(c->in, c->head.len);
}

/* What is here of a body in chunks goes on as a frame, whose head takes the place before it. */
static void make_frame(struct conn *c)
{
	size_t len = (size_t)c->body_left;
	c->body_at -= FRAMES_HEAD_BYTES;
	c->body_left += FRAMES_HEAD_BYTES;
	c->framed += c->body_left;
	frames_write_head((uint8_t *)c->in + c->body_at, len, !c->body_open);
	if (c->framed > FRONT_BODY_BYTES)
		refuse(c, 413, "too_large",
		       "the body, with 4 bytes for each piece that came, is longer than "
		       "2147483647 bytes");
}

static bool send_head(struct conn *c)
{
	if (c->part != CONN_REQUEST_HEAD)
		return false;
	ssize_t n = socket_send(&c->backend, c->out + c->out_at, c->out_len - c->out_at);
	if (n == -EAGAIN)
		return false;
	if (n < 0)
		c->body_refused = true; /* perhaps it has replied all the same */
	else
		c->out_at += (size_t)n;
	if (n < 0 || c->out_at == c->out_len) {
		forget_head(c);
		c->part = CONN_REPLY_HEAD;
		c->out_len = FRONT_REPLY_ROOM;
		if (c->is_upload && c->body_open && c->body_left > 0)
			make_frame(c);
	}
	return true;
}

static bool send_body(struct conn *c)
{
	size_t len = body_here(c);
	if (len == 0 || c->body_refused || c->part == CONN_REQUEST_HEAD)
		return false;
	ssize_t n = socket_send(&c->backend, c->in + c->body_at, len);
	if (n == -EAGAIN) { /* the client is kept waiting: that is not its fault */
		c->body_due_ms = 0;
		return false;
	}
	if (n < 0) { /* it has heard enough, and replies, or has died */
		c->body_refused = true;
		return true;
	}
	c->body_at += (size_t)n;
	c->body_left -= (size_t)n;
	if (c->body_due_ms == 0)
		c->body_due_ms = c->front->loop.now_ms + FRONT_BODY_GRACE_MS;
	return true;
}

/* Whether the next bytes of the body have to come from the client. */
static bool waits_for_body(const struct conn *c)
{
	return (c->body_left > 0 || c->body_open) && !c->body_refused && body_here(c) == 0 &&
	       c->part != CONN_REQUEST_HEAD;
}

/* Takes what has come of a body in chunks, len bytes behind the room for a frame's head. */
static void take_chunks(struct conn *c, size_t len)
{
	struct head_fault fault;
	size_t data, before = len;
	enum head_result result =
		chunked_read(&c->chunked, c->in + FRAMES_HEAD_BYTES, &len, &data, &fault);
	if (result == HEAD_BAD) {
		refuse(c, fault.status, fault.code, fault.text);
		return;
	}
	request_note_moved(c, data, &c->body_due_ms);
	c->body_open = result == HEAD_MORE;
	if (data == 0 && c->body_open)
		return;
	c->body_at = FRAMES_HEAD_BYTES;
	c->body_left = data;
	c->in_len = c->body_at + data + len;
	explicit_bzero(c->in + c->in_len, before - data - len);
	make_frame(c);
}

static bool read_body(struct conn *c)
{
	if (!waits_for_body(c))
		return false;
	c->in_len = c->body_at = 0; /* the head isn't needed any more */
	size_t before = c->body_open ? FRAMES_HEAD_BYTES : 0;
	size_t most = FRONT_IN_BYTES - before;
	if (!c->body_open && c->body_left < most)
		most = (size_t)c->body_left;
	ssize_t n = wire_read(&c->wire, c->in + before, most);
	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		conn_close(c);
		return true;
	}
	if (c->body_open) {
		take_chunks(c, (size_t)n);
		return true;
	}
	c->in_len = (size_t)n;
	request_note_moved(c, (size_t)n, &c->body_due_ms);
	return true;
}

/* Whether the client can send another request behind this one: it must see where the reply ends,
 * and all of the request must have been read. */
static bool keeps_open(const struct conn *c)
{
	bool has_end = c->without_body || c->reply.has_length;
	return c->head.keeps && has_end && c->body_left == 0 && !c->body_open && !c->front->stops;
}

static void note_token(struct conn *c)
{
	struct front *f = c->front;
	char text[ADDR_TEXT_BYTES];
	if (!c->token)
		return;
	if (c->reply.status != 401) {
		/* That a page is there, or most errors, say nothing of the token; but who is
		 * refused for a right, or for what there is, has had it looked at. */
		if (c->asks_api &&
		    (c->reply.status < 300 || c->reply.status == 403 || c->reply.status == 409))
			guard_note_good(&f->guard, c->token);
		return;
	}
	unsigned wrong = guard_note_wrong(&f->guard, c->client, c->token, f->loop.now_ms);
	if ((wrong & (wrong - 1)) == 0) /* 1, 2, 4, 8... */
		fprintf(stderr, "front: %u wrong token%s from %s\n", wrong, wrong > 1 ? "s" : "",
			addr_text(&c->client->addr, text));
}

/* The reply's head is whole: the client's is written to the beginning of out, and behind it goes
 * what has come of the rest. */
static void begin_reply(struct conn *c)
{
	char date[CLOCK_TEXT_BYTES];
	const char *raw = c->out + FRONT_REPLY_ROOM;
	size_t rest = c->out_len - FRONT_REPLY_ROOM - c->reply.len;
	struct buf out = {.data = c->out, .cap = FRONT_REPLY_ROOM};
	if (c->authorises) /* the head was kept for a second time, which doesn't come */
		explicit_bzero(c->in, c->head.len);
	c->without_body = c->without_body || c->reply.status == 204 || c->reply.status == 304;
	c->head.keeps = keeps_open(c);
	head_write_reply(raw, c->reply.len, c->asks_page, c->head.keeps,
			 clock_http_date(clock_wall_ms(), date), &out);
	c->reply_left = c->without_body ? 0 : c->reply.has_length ? c->reply.length : UINT64_MAX;
	if (rest > c->reply_left)
		rest = (size_t)c->reply_left;
	memmove(c->out + out.len, raw + c->reply.len, rest);
	c->reply_left -= rest;
	c->reply_done = c->reply_left == 0;
	c->out_at = 0;
	c->out_len = out.len + rest;
	c->part = CONN_REPLY;
}

/* An end of the reply that its head did not announce, or no reply at all. */
static void end_reply(struct conn *c)
{
	if (c->part == CONN_REPLY_HEAD) {
		conn_end_request(c);
		answer(c, 502, "internal", "the API has ended without an answer");
	} else if (c->reply.has_length) {
		conn_close(c); /* so that the client sees that it isn't whole */
	} else {
		c->reply_done = true;
	}
}

/* The body may come, as soon as there is a place for it. The real request is judged anew. */
static void queue_upload(struct conn *c)
{
	conn_end_request(c);
	c->is_upload = true;
	c->retries = 0;
	request_queue(c);
}

static bool read_reply_head(struct conn *c)
{
	ssize_t n = socket_recv(&c->backend, c->out + c->out_len, FRONT_OUT_BYTES - c->out_len);
	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		end_reply(c);
		return true;
	}
	c->out_len += (size_t)n;
	enum head_result result = head_read_reply(&c->reply, c->out + FRONT_REPLY_ROOM,
						  c->out_len - FRONT_REPLY_ROOM);
	if (result == HEAD_BAD) {
		end_reply(c);
	} else if (result == HEAD_DONE) {
		conn_note_reply(c);
		note_token(c);
		if (c->authorises && c->reply.status == 204)
			queue_upload(c);
		else
			begin_reply(c);
	}
	return true;
}

static bool read_reply(struct conn *c)
{
	if (c->part == CONN_REQUEST_HEAD || c->reply_done)
		return false;
	if (c->part == CONN_REPLY_HEAD)
		return read_reply_head(c);
	if (c->out_at < c->out_len)
		return false;
	size_t most = c->reply_left < FRONT_OUT_BYTES ? (size_t)c->reply_left : FRONT_OUT_BYTES;
	ssize_t n = socket_recv(&c->backend, c->out, most);
	if (n == -EAGAIN) {
		c->take_due_ms = 0;
		return false;
	}
	if (n <= 0) {
		end_reply(c);
		return true;
	}
	c->out_at = 0;
	c->out_len = (size_t)n;
	c->reply_left -= c->reply.has_length ? (size_t)n : 0;
	c->reply_done = c->reply_left == 0;
	return true;
}

static void end_request(struct conn *c)
{
	bool keeps = c->head.keeps;
	conn_end_request(c);
	if (keeps)
		request_begin(c);
	else
		answer_end(c);
}

static bool write_reply(struct conn *c)
{
	if (c->part != CONN_REPLY)
		return false;
	ssize_t n = conn_write_out(c);
	if (n < 0 && n != -EAGAIN)
		return true;
	if (n == -EAGAIN) {
		if (c->take_due_ms == 0)
			c->take_due_ms = c->front->loop.now_ms + FRONT_STALL_MS;
		return false;
	}
	if (c->take_due_ms > 0)
		request_note_moved(c, (size_t)n, &c->take_due_ms);
	if (c->out_at < c->out_len)
		return true;
	if (!c->reply_done)
		return n > 0;
	if (wire_flush(&c->wire) == -EAGAIN)
		return true;
	end_request(c);
	return true;
}

/* The client has until then, if it is waited for; httpd has any time. */
static void set_deadline(struct conn *c)
{
	uint64_t due_ms = c->take_due_ms > 0 ? c->take_due_ms : UINT64_MAX;
	if (waits_for_body(c) && c->body_due_ms < due_ms)
		due_ms = c->body_due_ms;
	if (due_ms == UINT64_MAX)
		conn_clear_deadline(c);
	else
		conn_set_due(c, due_ms);
}

bool forward_move(struct conn *c)
{
	static bool (*const parts[])(struct conn * c) = {
		send_head, send_body, read_body, read_reply, write_reply,
	};
	bool moved = false;
	if (c->wire.socket.broken) {
		conn_close(c);
		return false;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		moved = parts[i](c) || moved;
		if (c->state != CONN_FORWARDS)
			return moved;
	}
	set_deadline(c);
	return moved;
}
