/* SPDX-License-Identifier: MIT */
/* From a client's first byte to its request's place in a queue. */
#include "request.h"

#include <errno.h>
#include <string.h>

#include "answer.h"

void request_begin(struct conn *c)
{
	/* What came behind the last request is the beginning of this one. */
	size_t rest = c->in_len - c->body_at;
	memmove(c->in, c->in + c->body_at, rest);
	explicit_bzero(c->in + rest, c->body_at);
	c->in_len = rest;
	c->body_at = 0;
	c->body_left = c->framed = 0;
	c->body_open = false;
	c->chunked = (struct chunked){0};
	c->head = (struct head_request){0};
	c->token = 0;
	c->has_paused = false;
	c->retries = 0;
	c->is_long = c->is_upload = c->without_body = false;
	c->state = CONN_READS_HEAD;
	conn_set_idle(c, true);
	conn_set_deadline(c, rest > 0 ? FRONT_HEAD_MS : FRONT_IDLE_MS);
}

void request_note_moved(const struct conn *c, size_t n, uint64_t *due_ms)
{
	uint64_t latest_ms = c->front->loop.now_ms + FRONT_STALL_MS;
	*due_ms += (n + FRONT_RATE - 1) / FRONT_RATE;
	if (*due_ms > latest_ms)
		*due_ms = latest_ms;
}

/* A client that doesn't take it at once goes without: it will not wait for ever. */
void request_say_continue(struct conn *c)
{
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
	if (!c->head.expects_continue || c->head.minor == 0)
		return;
	ssize_t n = wire_write(&c->wire, line, sizeof(line) - 1);
	if (n > 0 && (size_t)n < sizeof(line) - 1) /* no reply can follow half of it */
		c->wire.socket.broken = true;
}

bool request_may_try(struct conn *c)
{
	struct front *f = c->front;
	if (!c->token || c->has_paused)
		return true;
	int64_t wait_ms = guard_wait_ms(&f->guard, c->client, c->token, f->loop.now_ms);
	if (wait_ms == 0)
		return true;
	if (wait_ms < 0) {
		answer(c, 429, "too_many_tokens",
		       "too many wrong tokens have come from this address");
	} else {
		c->has_paused = true;
		c->state = CONN_PAUSES;
		conn_set_deadline(c, (unsigned)wait_ms);
	}
	return false;
}

/* Decodes the last len bytes that are here, of a body in chunks; what it has is behind its head,
 * and takes less. */
static void take_chunks(struct conn *c, size_t len)
{
	struct head_fault fault;
	size_t data, end = c->in_len - len, before = c->in_len;
	enum head_result result = chunked_read(&c->chunked, c->in + end, &len, &data, &fault);
	if (result == HEAD_BAD) {
		answer(c, fault.status, fault.code, fault.text);
		return;
	}
	c->body_left += data;
	c->in_len = end + data + len;
	explicit_bzero(c->in + c->in_len, before - c->in_len);
	request_note_moved(c, data, &c->body_due_ms);
	if (result == HEAD_MORE)
		return;
	/* From here on it is as if its head had said its length. */
	c->body_open = c->head.is_chunked = false;
	c->head.has_length = true;
	c->head.length = c->body_left;
}

/* Whether nothing of the body is to be read before it is authorised. A client that waits says by
 * that that one in chunks may be long. */
static bool is_long(const struct conn *c)
{
	if (!c->head.is_chunked)
		return c->body_left > FRONT_IN_BYTES - c->head.len;
	return c->head.expects_continue && head_has_body(&c->head) && c->in_len == c->body_at;
}

/* The head is whole: the body comes next. */
static void take_head(struct conn *c)
{
	struct front *f = c->front;
	c->body_at = c->head.len;
	c->body_left = c->head.length;
	c->body_open = c->head.is_chunked;
	c->is_long = is_long(c);
	if (c->head.authorization.at)
		c->token = guard_hash(&f->guard, c->head.authorization);
	c->body_due_ms = f->loop.now_ms + FRONT_BODY_GRACE_MS;
	if (c->is_long) {
		request_queue(c);
		return;
	}
	if (c->in_len - c->body_at < c->body_left || (c->body_open && c->in_len == c->body_at))
		request_say_continue(c);
	c->state = CONN_READS_BODY;
	conn_set_idle(c, true);
	conn_set_due(c, c->body_due_ms);
	if (c->body_open)
		take_chunks(c, c->in_len - c->body_at);
}

/* Read on behind what is there. Whether there is more; if not, and nothing more will come, the
 * connection is closed. */
static bool read_more(struct conn *c, size_t most, size_t *n)
{
	ssize_t got = wire_read(&c->wire, c->in + c->in_len, most);
	if (got > 0) {
		*n = (size_t)got;
		c->in_len += *n;
		return true;
	}
	if (got != -EAGAIN)
		conn_close(c);
	return false;
}

bool request_read_head(struct conn *c)
{
	struct head_fault fault;
	size_t n;
	/* What is left of the last request's bytes, first. */
	if (c->in_len > c->head.len || c->in_len == FRONT_IN_BYTES) {
		enum head_result result = head_read_request(&c->head, c->in, c->in_len, &fault);
		c->without_body = head_is(c->head.method, "HEAD");
		switch (result) {
		case HEAD_DONE:
			take_head(c);
			return true;
		case HEAD_BAD:
			answer(c, fault.status, fault.code, fault.text);
			return true;
		case HEAD_MORE:
			break;
		}
	}
	bool first = c->in_len == 0;
	if (!read_more(c, FRONT_IN_BYTES - c->in_len, &n))
		return false;
	if (first)
		conn_set_deadline(c, FRONT_HEAD_MS);
	return true;
}

bool request_read_body(struct conn *c)
{
	size_t n, end = c->head.len + (size_t)c->head.length;
	if (c->body_open && c->in_len < FRONT_IN_BYTES) {
		if (!read_more(c, FRONT_IN_BYTES - c->in_len, &n))
			return false;
		take_chunks(c, n);
		if (c->state == CONN_READS_BODY)
			conn_set_due(c, c->body_due_ms);
		return true;
	}
	if (!c->body_open && c->in_len < end) {
		if (!read_more(c, end - c->in_len, &n))
			return false;
		request_note_moved(c, n, &c->body_due_ms);
		conn_set_due(c, c->body_due_ms);
		return true;
	}
	c->is_long = c->body_open;
	request_queue(c);
	return true;
}

void request_queue(struct conn *c)
{
	struct front *f = c->front;
	c->state = CONN_QUEUED;
	conn_set_idle(c, true);
	conn_set_deadline(c, FRONT_QUEUE_MS);
	if (c->is_upload)
		turns_add(&f->large, &c->client->large, &c->turn);
	else
		turns_add(&f->small, &c->client->small, &c->turn);
}
