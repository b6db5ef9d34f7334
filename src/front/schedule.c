/* SPDX-License-Identifier: MIT */
/* Whose turn it is. What costs processor time, a handshake's steps and the beginning of a request,
 * is given to the addresses in turns, and only so much of it at once that a newcomer's finds a
 * processor free; the rest waits here, where it costs nothing. */
#include "schedule.h"

#include <stddef.h>

#include "answer.h"
#include "forward.h"
#include "request.h"
#include "states.h"

static void shake_hands(struct conn *c)
{
	int rc = tls_shake_hands(c->wire.tls, &c->wire.socket);
	if (rc < 0 && tls_was_plain(c->wire.tls)) {
		c->wire.tls = NULL;
		answer(c, 400, "bad_request", "this port speaks TLS: https://");
		conn_run(c);
	} else if (rc < 0) {
		conn_close(c);
	} else if (rc > 0) {
		request_begin(c);
		conn_set_deadline(c, FRONT_HEAD_MS);
		conn_run(c);
	}
}

static struct conn *conn_of(struct turns_item *item)
{
	return item ? (struct conn *)((char *)item - offsetof(struct conn, turn)) : NULL;
}

/* A request may keep its place for hours, so an address gets another only while it has fewer than
 * are left: each leaves as many to others as it has itself, and a few addresses don't have all. */
static bool may_have_more(const struct turns_line *line, const struct client *one)
{
	const struct conn *first = conn_of(line->first);
	return one->requests < FRONT_CLIENT_REQUESTS && first &&
	       one->requests < FRONT_REQUESTS - first->front->requests;
}

static bool may_start_small(const struct turns_line *line)
{
	return may_have_more(
		line, (const struct client *)((const char *)line - offsetof(struct client, small)));
}

/* So it is with uploads. */
static bool may_start_large(const struct turns_line *line)
{
	const struct client *one =
		(const struct client *)((const char *)line - offsetof(struct client, large));
	const struct conn *first = conn_of(line->first);
	unsigned left = first ? FRONT_UPLOADS - first->front->uploads : 0;
	return may_have_more(line, one) && one->uploads < FRONT_CLIENT_UPLOADS &&
	       one->uploads < left;
}

static bool start(struct turns *t, bool (*may)(const struct turns_line *line))
{
	struct conn *c = conn_of(turns_take(t, may));
	if (!c)
		return false;
	forward_start(c);
	conn_run(c);
	return true;
}

void schedule(struct front *f)
{
	struct conn *c;
	for (int i = 0; i < FRONT_HANDSHAKES_AT_ONCE; i++)
		if ((c = conn_of(turns_take(&f->handshakes, NULL))))
			shake_hands(c);
	if (f->handshakes.count > 0)
		loop_again(&f->loop, &f->more);
	/* One of each kind by turns, lest a flood of one holds up the other. */
	bool started = true;
	while (started && f->starting < f->starting_max && f->requests < FRONT_REQUESTS) {
		started = start(&f->small, may_start_small);
		if (f->uploads < FRONT_UPLOADS && f->starting < f->starting_max)
			started = start(&f->large, may_start_large) || started;
	}
}
