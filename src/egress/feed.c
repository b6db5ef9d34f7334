/* SPDX-License-Identifier: MIT */
#include "feed.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* What has happened to the socket that recv gave no byte of; FEED_GOES: nothing, try again. */
static enum feed_result without_bytes(struct flow_end *end, ssize_t n)
{
	if (n == 0)
		return FEED_ENDS;
	if (errno == EINTR)
		return FEED_GOES;
	if (errno != EAGAIN)
		return FEED_BROKEN;
	end->readable = false;
	return FEED_WAITS;
}

/* Receive more behind what is held, which is less than there is room for. FEED_GOES: look again. */
static enum feed_result receive(struct feed *f, struct flow_end *from)
{
	if (!from->readable)
		return FEED_WAITS;
	memmove(f->bytes, f->bytes + f->begin, f->len - f->begin);
	f->len -= f->begin;
	f->begin = 0;
	ssize_t n = recv(from->source.fd, f->bytes + f->len, INSPECT_BYTES - f->len, 0);
	if (n <= 0)
		return without_bytes(from, n);
	f->len += (size_t)n;
	return FEED_GOES;
}

/* Let the next bytes go: those that are held from here, the others by the socket. */
static enum feed_result let_go(struct feed *f, struct flow *up, uint64_t bytes)
{
	size_t held = f->len - f->begin;
	size_t of_held = bytes < held ? (size_t)bytes : held;
	up->head = f->bytes + f->begin;
	up->head_left = of_held;
	up->allowed = bytes == FLOW_ALL ? FLOW_ALL : bytes - of_held;
	f->begin += of_held;
	return FEED_GOES;
}

/* The client has sent all. */
static enum feed_result end(struct feed *f, struct flow *up)
{
	if (f->begin < f->len || f->inspect.kind == INSPECT_UNKNOWN)
		return FEED_ENDS;
	up->ended = true;
	return FEED_GOES;
}

enum feed_result feed_client(struct feed *f, struct flow *up)
{
	enum feed_result result = FEED_GOES;
	while (result == FEED_GOES) {
		switch (inspect_client(&f->inspect, f->bytes + f->begin, f->len - f->begin)) {
		case INSPECT_MORE:
			result = receive(f, up->from);
			break;
		case INSPECT_ASKS:
			return FEED_ASKS;
		case INSPECT_PASS:
			return let_go(f, up, f->inspect.says.pass);
		case INSPECT_ANSWER:
			/* Nobody reads it meanwhile: this is how it says that it is gone. */
			return up->from->failed ? FEED_BROKEN : FEED_WAITS;
		case INSPECT_FREE:
			return let_go(f, up, FLOW_ALL);
		case INSPECT_BAD:
			return FEED_REFUSES;
		}
	}
	return result == FEED_ENDS ? end(f, up) : result;
}

static enum feed_result let_all_go(struct flow *down)
{
	down->allowed = FLOW_ALL;
	return FEED_GOES;
}

enum feed_result feed_server(struct feed *f, struct flow *down, uint8_t *room)
{
	struct flow_end *from = down->from;
	bool is_last = from->finished; /* before it is looked at */
	if (!inspect_listens(&f->inspect))
		return let_all_go(down);
	if (!from->readable)
		return FEED_WAITS;
	ssize_t n = recv(from->source.fd, room, INSPECT_BYTES, MSG_PEEK);
	if (n < 0)
		return without_bytes(from, n);
	switch (n == 0 ? INSPECT_MORE : inspect_server(&f->inspect, room, (size_t)n)) {
	case INSPECT_MORE:
		if (!is_last && n > 0) {
			from->readable = false; /* until there is more of it */
			return FEED_WAITS;
		}
		inspect_server_ended(&f->inspect);
		return let_all_go(down);
	case INSPECT_PASS:
		down->allowed = f->inspect.says.pass;
		return FEED_GOES;
	case INSPECT_FREE:
		return let_all_go(down);
	case INSPECT_ASKS:
	case INSPECT_ANSWER:
	case INSPECT_BAD:
		break;
	}
	return FEED_REFUSES;
}
