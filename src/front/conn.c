/* SPDX-License-Identifier: MIT */
#include "conn.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

void conn_init_all(struct front *f)
{
	for (size_t i = FRONT_CONNECTIONS; i-- > 0;) {
		struct conn *c = &f->conns[i];
		*c = (struct conn){.front = f, .in = f->in[i], .out = f->out[i]};
		c->next_free = f->free_conns;
		f->free_conns = c;
	}
}

ssize_t conn_write_out(struct conn *c)
{
	ssize_t n;
	if (c->out_at < c->out_len) {
		n = wire_write(&c->wire, c->out + c->out_at, c->out_len - c->out_at);
		c->out_at += n > 0 ? (size_t)n : 0;
	} else {
		n = wire_flush(&c->wire);
	}
	if (n < 0 && n != -EAGAIN)
		conn_close(c);
	return n;
}

void conn_set_deadline(struct conn *c, unsigned in_ms)
{
	conn_set_due(c, c->front->loop.now_ms + in_ms);
}

void conn_set_due(struct conn *c, uint64_t due_ms)
{
	timers_set(&c->front->loop.timers, &c->deadline, due_ms);
}

void conn_clear_deadline(struct conn *c)
{
	timers_clear(&c->front->loop.timers, &c->deadline);
}

void conn_set_idle(struct conn *c, bool is_idle)
{
	struct front *f = c->front;
	if (c->is_idle) {
		*(c->before ? &c->before->behind : &f->idle_first) = c->behind;
		*(c->behind ? &c->behind->before : &f->idle_last) = c->before;
	}
	c->is_idle = is_idle;
	if (!is_idle)
		return;
	c->before = f->idle_last;
	c->behind = NULL;
	*(f->idle_last ? &f->idle_last->behind : &f->idle_first) = c;
	f->idle_last = c;
}

static void stop_starting(struct conn *c)
{
	if (!c->is_starting)
		return;
	c->is_starting = false;
	c->front->starting--;
	timers_clear(&c->front->loop.timers, &c->start);
}

static void start_is_over(void *owner)
{
	stop_starting(owner);
}

/* Four times the mean of what quick ones took; it follows what there is to do and how fast the
 * machine is, and holds back more the more there is under way. */
static unsigned start_ms(const struct front *f)
{
	unsigned ms = FRONT_START_TIMES * f->quick_us / 1000;
	if (ms > FRONT_START_MS_MAX)
		return FRONT_START_MS_MAX;
	return ms < FRONT_START_MS_MIN ? FRONT_START_MS_MIN : ms;
}

void conn_count_request(struct conn *c)
{
	struct front *f = c->front;
	f->requests++;
	c->client->requests++;
	if (c->is_upload) {
		f->uploads++;
		c->client->uploads++;
	}
	f->starting++;
	c->is_starting = true;
	c->begun_ms = f->loop.now_ms;
	c->start = (struct timer){.fire = start_is_over, .owner = c};
	timers_set(&f->loop.timers, &c->start, c->begun_ms + start_ms(f));
}

void conn_note_reply(struct conn *c)
{
	struct front *f = c->front;
	if (!c->is_starting)
		return;
	/* A moving mean, in which each counts for an eighth. */
	unsigned took_us = (unsigned)(f->loop.now_ms - c->begun_ms) * 1000;
	f->quick_us = (f->quick_us * 7 + took_us) / 8;
	stop_starting(c);
}

void conn_end_request(struct conn *c)
{
	struct front *f = c->front;
	stop_starting(c);
	f->requests--;
	c->client->requests--;
	if (c->is_upload) {
		f->uploads--;
		c->client->uploads--;
	}
	loop_close(&f->loop, &c->backend.source);
}

/* Forget what went through: tokens, and TLS's keys. Memory that only a flood comes to is given back
 * instead; should it come again, it is zeros. */
static void forget(struct front *f, size_t place, bool had_tls)
{
	if (place < FRONT_WARM) {
		explicit_bzero(f->in[place], FRONT_IN_BYTES);
		explicit_bzero(f->out[place], FRONT_OUT_BYTES);
		if (had_tls)
			explicit_bzero(&f->tls[place], sizeof(f->tls[place]));
		return;
	}
	madvise(f->in[place], FRONT_IN_BYTES, MADV_DONTNEED);
	madvise(f->out[place], FRONT_OUT_BYTES, MADV_DONTNEED);
	if (had_tls)
		madvise(&f->tls[place], sizeof(f->tls[place]), MADV_DONTNEED);
}

void conn_close(struct conn *c)
{
	struct front *f = c->front;
	if (c->state == CONN_FORWARDS)
		conn_end_request(c);
	conn_set_idle(c, false);
	turns_remove(c->state == CONN_SHAKES_HANDS ? &f->handshakes
		     : c->is_upload                ? &f->large
						   : &f->small,
		     &c->turn);
	conn_clear_deadline(c);
	loop_close(&f->loop, &c->wire.socket.source);
	clients_put(&f->clients, c->client);
	forget(f, (size_t)(c - f->conns), c->had_tls);
	c->state = CONN_FREE;
	c->next_free = f->free_conns;
	f->free_conns = c;
	f->count--;
}
