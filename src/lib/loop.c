/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"

int loop_init(struct loop *l, struct timer **heap, struct err *e)
{
	l->timers.heap = heap;
	l->now_ms = clock_mono_ms();
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return l->epoll_fd < 0 ? err_set(e, errno, "epoll_create1") : 0;
}

int loop_add(struct loop *l, struct loop_source *s, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = s};
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	s->fd = fd;
	return 0;
}

void loop_change(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = s};
	epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, s->fd, &event);
}

void loop_again(struct loop *l, struct loop_source *s)
{
	if (s->waits_for_turn)
		return;
	s->waits_for_turn = true;
	s->next = NULL;
	if (l->last)
		l->last->next = s;
	else
		l->first = s;
	l->last = s;
	l->waiting++;
}

static void forget_turn(struct loop *l, struct loop_source *s)
{
	struct loop_source *before = NULL;
	if (!s->waits_for_turn)
		return;
	for (struct loop_source *at = l->first; at != s; at = at->next)
		before = at;
	if (before)
		before->next = s->next;
	else
		l->first = s->next;
	if (l->last == s)
		l->last = before;
	s->waits_for_turn = false;
	l->waiting--;
}

void loop_close(struct loop *l, struct loop_source *s)
{
	if (s->fd < 0)
		return;
	for (int i = 0; i < l->event_count; i++)
		if (l->events[i].data.ptr == s)
			l->events[i].data.ptr = NULL;
	forget_turn(l, s);
	fd_close(&s->fd); /* nobody else has it, so that epoll forgets it, too */
}

static int timeout_ms(const struct loop *l)
{
	uint64_t now = clock_mono_ms(), next = timers_next_ms(&l->timers);
	if (l->first || next <= now)
		return 0;
	if (next == UINT64_MAX)
		return -1;
	return next - now > 3600000 ? 3600000 : (int)(next - now);
}

static void call_again(struct loop *l)
{
	/* No more of them than there are now: who asks again meanwhile waits for the next turn. */
	for (size_t n = l->waiting; n > 0 && l->first; n--) {
		struct loop_source *s = l->first;
		forget_turn(l, s);
		s->ready(s->owner, 0);
	}
}

int loop_turn(struct loop *l, struct err *e)
{
	int n = epoll_wait(l->epoll_fd, l->events, LOOP_EVENTS, timeout_ms(l));
	if (n < 0 && errno != EINTR)
		return err_set(e, errno, "epoll_wait");
	l->now_ms = clock_mono_ms();
	l->event_count = n < 0 ? 0 : n;
	call_again(l);
	for (int i = 0; i < l->event_count; i++) {
		struct loop_source *s = l->events[i].data.ptr;
		if (s)
			s->ready(s->owner, l->events[i].events);
	}
	l->event_count = 0;
	timers_fire(&l->timers, l->now_ms);
	return 0;
}
