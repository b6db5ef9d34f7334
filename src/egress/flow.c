/* SPDX-License-Identifier: MIT */
#include "flow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SPLICE_FLAGS (SPLICE_F_NONBLOCK | SPLICE_F_MOVE)

void flow_note(struct flow_end *end, uint32_t events)
{
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		end->readable = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		end->writable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		end->finished = true;
	if (events & EPOLLERR)
		end->failed = true;
}

static bool take_pipe(struct flow *f, struct flow_pipes *pipes)
{
	if (pipes->count > 0) {
		pipes->count--;
		f->pipe[0] = pipes->kept[pipes->count][0];
		f->pipe[1] = pipes->kept[pipes->count][1];
	} else if (pipe2(f->pipe, O_NONBLOCK | O_CLOEXEC) < 0) {
		return false;
	} else {
		/* Past the user's share (pipe-user-pages-soft) it stays as small as it is. */
		fcntl(f->pipe[1], F_SETPIPE_SZ, EGRESS_PIPE_BYTES);
	}
	f->has_pipe = true;
	return true;
}

void flow_close(struct flow *f, struct flow_pipes *pipes)
{
	if (!f->has_pipe)
		return;
	f->has_pipe = false;
	if (f->held == 0 && pipes->count < EGRESS_PIPES_KEPT) {
		pipes->kept[pipes->count][0] = f->pipe[0];
		pipes->kept[pipes->count][1] = f->pipe[1];
		pipes->count++;
		return;
	}
	close(f->pipe[0]);
	close(f->pipe[1]);
	pipes->held -= f->held;
	f->held = 0;
}

/* What a step has found: 1: something has moved; 0: nothing can, now; -1: broken. */
static int judge(ssize_t n, bool *ready)
{
	if (n >= 0)
		return 1;
	if (errno == EINTR)
		return 1;
	if (errno != EAGAIN)
		return -1;
	*ready = false;
	return 0;
}

/* Returns how much the next transfer may take. */
static size_t share_of(const struct flow_pipes *pipes)
{
	size_t left = pipes->held < EGRESS_HELD_BYTES ? EGRESS_HELD_BYTES - pipes->held : 0;
	size_t most = left / EGRESS_HELD_SHARE;
	if (most < EGRESS_SHORT_BYTES)
		return EGRESS_SHORT_BYTES;
	return most < EGRESS_PIPE_BYTES ? most : EGRESS_PIPE_BYTES;
}

/* Returns whether the socket takes a short transfer at once. If not, to have asked has epoll tell
 * when it does: poll(2) sets what a write that finds no room sets. */
static bool has_room(struct flow_end *to)
{
	struct pollfd socket = {.fd = to->source.fd, .events = POLLOUT};
	to->writable = poll(&socket, 1, 0) != 0;
	return to->writable;
}

/* Only into an empty pipe: EAGAIN would otherwise not say whether it is the pipe that is full. */
static int fill(struct flow *f, struct flow_pipes *pipes)
{
	if (f->ended || f->held > 0 || f->allowed == 0 || !f->from->readable)
		return 0;
	size_t most = share_of(pipes);
	if (most == EGRESS_SHORT_BYTES && !has_room(f->to))
		return 0;
	if (!f->has_pipe && !take_pipe(f, pipes))
		return -1;
	if (most > f->allowed)
		most = (size_t)f->allowed;
	ssize_t n = splice(f->from->source.fd, NULL, f->pipe[1], NULL, most, SPLICE_FLAGS);
	if (n > 0)
		f->held = (size_t)n;
	else if (n == 0)
		f->ended = true;
	pipes->held += f->held;
	if (f->allowed != FLOW_ALL)
		f->allowed -= f->held;
	return judge(n, &f->from->readable);
}

static int drain(struct flow *f, struct flow_pipes *pipes)
{
	ssize_t n;
	if (!f->to->writable || (f->head_left == 0 && f->held == 0))
		return 0;
	if (f->head_left > 0) {
		n = send(f->to->source.fd, f->head, f->head_left, MSG_NOSIGNAL);
		if (n > 0) {
			f->head += n;
			f->head_left -= (size_t)n;
		}
	} else {
		n = splice(f->pipe[0], NULL, f->to->source.fd, NULL, f->held, SPLICE_FLAGS);
		if (n > 0) {
			f->held -= (size_t)n;
			pipes->held -= (size_t)n;
		}
	}
	if (n > 0)
		f->bytes += (uint64_t)n;
	return judge(n, &f->to->writable);
}

enum flow_state flow_move(struct flow *f, struct flow_pipes *pipes)
{
	for (int round = 0; round < EGRESS_ROUNDS_AT_ONCE; round++) {
		int filled = f->done ? 0 : fill(f, pipes);
		int drained = filled < 0 ? -1 : drain(f, pipes);
		if (drained < 0)
			return FLOW_BROKEN;
		if (f->held == 0)
			flow_close(f, pipes); /* who is idle needs none */
		if (f->ended && f->held == 0 && f->head_left == 0) {
			if (!f->done)
				shutdown(f->to->source.fd, SHUT_WR);
			f->done = true;
			return FLOW_DONE;
		}
		if (f->allowed == 0 && f->held == 0 && f->head_left == 0)
			return FLOW_STOPS;
		if (filled == 0 && drained == 0)
			return FLOW_WAITS;
	}
	return FLOW_AGAIN;
}
