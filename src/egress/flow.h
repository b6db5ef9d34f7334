/* SPDX-License-Identifier: MIT */
/* Bytes of one direction of a connection, from a socket through a pipe to another socket, without a
 * copy: splice(2). Sockets are watched edge-triggered, so that each is remembered to be ready until
 * it says EAGAIN. */
#ifndef SQUASH_EGRESS_FLOW_H
#define SQUASH_EGRESS_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/loop.h"
#include "limits.h"

#define FLOW_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | (uint32_t)EPOLLET)

struct flow_end {
	struct loop_source source;
	bool readable, writable; /* as far as is known */
	bool finished;           /* no more will come than what has come */
	bool failed;             /* has an error to tell */
};

/* All flows' pipes. */
struct flow_pipes {
	int kept[EGRESS_PIPES_KEPT][2]; /* empty ones, for the next who needs one */
	size_t count;
	size_t held; /* bytes, in those in use */
};

#define FLOW_ALL UINT64_MAX

/* All zero except from and to: nothing has moved, and nothing may. */
struct flow {
	struct flow_end *from, *to;
	const uint8_t *head; /* goes before what from sends; borrowed */
	size_t head_left;
	uint64_t allowed; /* bytes that may be taken from from; FLOW_ALL: whatever comes */
	int pipe[2];
	bool has_pipe;
	size_t held;    /* bytes in it */
	bool ended;     /* from has sent all */
	bool done;      /* and to has been told */
	uint64_t bytes; /* that to took */
};

enum flow_state {
	FLOW_WAITS, /* for a socket */
	FLOW_AGAIN, /* has had its turn */
	FLOW_STOPS, /* all that was allowed has moved */
	FLOW_DONE,
	FLOW_BROKEN, /* one of the sockets is broken */
};

/* Remember what epoll says of a socket. */
void flow_note(struct flow_end *end, uint32_t events);

/* Move what can be moved and is allowed; at the end of from, shut down to. */
enum flow_state flow_move(struct flow *f, struct flow_pipes *pipes);

/* Give up what is still held. */
void flow_close(struct flow *f, struct flow_pipes *pipes);

#endif
