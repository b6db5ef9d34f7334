/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void listener_reset(int fd)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static void go_on(void *owner)
{
	struct listener *l = owner;
	loop_change(l->loop, &l->source, EPOLLIN);
}

static void accept_some(void *owner, uint32_t events)
{
	struct listener *l = owner;
	(void)events;
	for (int i = 0; i < LOOP_BURST; i++) {
		int fd = accept4(l->source.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			l->take(l->owner, fd);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (errno != EAGAIN) { /* the connection waits, and we would be told so for ever */
			loop_change(l->loop, &l->source, 0);
			timers_set(&l->loop->timers, &l->pause,
				   l->loop->now_ms + LISTENER_PAUSE_MS);
		}
		return;
	}
}

int listener_init(struct listener *l, struct loop *loop, int fd, void (*take)(void *owner, int fd),
		  void *owner, struct err *e)
{
	*l = (struct listener){.loop = loop,
			       .source = {.fd = -1, .ready = accept_some, .owner = l},
			       .pause = {.fire = go_on, .owner = l},
			       .take = take,
			       .owner = owner};
	int rc = loop_add(loop, &l->source, fd, EPOLLIN);
	return rc < 0 ? err_set(e, -rc, "watch a listening socket") : 0;
}
