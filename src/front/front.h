/* SPDX-License-Identifier: MIT */
/* What the parts of front share. Its connections' parts: their beginning, waiting and end (conn.c),
 * what a client asks (request.c), whose turn it is (schedule.c), the way to httpd and back
 * (forward.c), and what front itself has to say (answer.c). */
#ifndef SQUASH_FRONT_FRONT_H
#define SQUASH_FRONT_FRONT_H

#include "clients.h"
#include "guard.h"
#include "head.h"
#include "lib/listener.h"
#include "lib/loop.h"
#include "tls.h"
#include "wire.h"

enum conn_state {
	CONN_FREE,
	CONN_SHAKES_HANDS, /* TLS */
	CONN_READS_HEAD,   /* or waits for one */
	CONN_READS_BODY,   /* one that fits behind its head */
	CONN_PAUSES,       /* before it is queued again, for a time */
	CONN_QUEUED,       /* until it is its turn */
	CONN_FORWARDS,
	CONN_ANSWERS, /* what front itself says is being written */
	CONN_LINGERS, /* all is said: what still comes is dropped, so that the client reads it */
};

/* Of CONN_FORWARDS: what is in out. */
enum conn_part {
	CONN_REQUEST_HEAD, /* on its way to httpd */
	CONN_REPLY_HEAD,   /* as far as it has come, behind FRONT_REPLY_ROOM */
	CONN_REPLY,        /* on its way to the client */
};

struct front;

struct conn {
	enum conn_state state;
	struct front *front;
	struct conn *next_free;
	struct conn *before, *behind; /* of those that are idle, in the order of their last step */
	bool is_idle;
	struct addr addr;
	struct client *client;
	struct wire wire; /* the client's */
	bool had_tls;     /* though it may have turned out not to speak it */
	struct timer deadline;
	struct turns_item turn;

	/* What it sends. */
	char *in;             /* FRONT_IN_BYTES */
	size_t in_len;        /* bytes that are there */
	size_t body_at;       /* the first of those that is of the body, and not yet passed on */
	uint64_t body_left;   /* bytes of the body that are not passed on, be they here or not */
	uint64_t body_due_ms; /* when more of it has to be here; 0: httpd keeps it waiting */
	struct head_request head;
	uint64_t token;  /* its hash; 0: none */
	bool has_paused; /* for wrong tokens */
	bool asks_api, asks_page;
	unsigned retries;

	/* The way to httpd. */
	struct wire backend;
	enum conn_part part;
	bool is_upload;    /* its body doesn't fit behind the head */
	bool is_starting;  /* counts as such: schedule.c */
	bool body_refused; /* httpd takes no more of it */
	uint64_t begun_ms;
	struct timer start; /* when it is over */

	/* What it gets. */
	char *out; /* FRONT_OUT_BYTES */
	size_t out_at, out_len;
	bool without_body; /* HEAD, 204, 304 */
	struct head_reply reply;
	uint64_t reply_left;
	uint64_t take_due_ms; /* when more of it has to be taken; 0: httpd is waited for */
	bool reply_done;      /* all of it is in out */
};

struct front {
	struct loop loop;
	struct timer *timers[FRONT_TIMERS + 1];
	struct listener listeners[2]; /* plain, TLS */
	bool listens[2];
	struct loop_source signals;
	struct loop_source more; /* there is work beside what the loop knows of */
	bool stops;              /* no more connections and requests */
	struct timer stop;

	struct clients clients;
	struct guard guard;
	struct turns handshakes, small, large;
	unsigned requests, uploads, starting; /* under way */
	unsigned starting_max;
	unsigned quick_us; /* what requests took that replied while they counted as starting */

	struct identity identity;
	struct tls_server tls_server;

	struct conn *free_conns;
	struct conn *idle_first, *idle_last;
	size_t count; /* of those that aren't free */
	struct conn conns[FRONT_CONNECTIONS];
	struct tls tls[FRONT_CONNECTIONS];
	/* Pages, so that those of a flood can be given back. */
	char in[FRONT_CONNECTIONS][FRONT_IN_BYTES] __attribute__((aligned(4096)));
	char out[FRONT_CONNECTIONS][FRONT_OUT_BYTES] __attribute__((aligned(4096)));
};

/* conn.c: make all of them free; take an accepted connection; go on with one, as far as it goes;
 * end it. */
void conn_init_all(struct front *f);
void conn_accept(struct front *f, int fd, bool is_tls);
void conn_run(struct conn *c);
void conn_close(struct conn *c);
void conn_set_deadline(struct conn *c, unsigned in_ms);
void conn_set_due(struct conn *c, uint64_t due_ms);

/* No deadline; then it must have another, or wait for nobody but httpd. */
void conn_clear_deadline(struct conn *c);

/* It may be closed for others from now on, as httpd does nothing for it; or no more. */
void conn_set_idle(struct conn *c, bool is_idle);

/* End those that wait for a request. */
void conn_close_idle(struct front *f);

/* Each goes on with a connection in one of its states: whether something has happened. */
bool request_read_head(struct conn *c);
bool request_read_body(struct conn *c);
bool forward_move(struct conn *c);
bool answer_write(struct conn *c);
bool answer_linger(struct conn *c);

/* request.c: wait for the next request; put this one in its queue; tell a client that waits for it
 * to send the body (RFC 9110 10.1.1); n bytes that were due by then have moved: more is due when?;
 * its turn has come: whether its token may be tried. */
void request_begin(struct conn *c);
void request_queue(struct conn *c);
void request_say_continue(struct conn *c);
void request_note_moved(const struct conn *c, size_t n, uint64_t *due_ms);
bool request_may_try(struct conn *c);

/* forward.c: it is its turn; its client takes too long; undo what forward_start has counted, and
 * let go of httpd. */
void forward_start(struct conn *c);
void forward_give_up(struct conn *c);
void forward_end(struct conn *c);

/* schedule.c: start what may start; a handshake's turn; how long a request counts as starting; it
 * has begun to reply, or ended otherwise. */
void schedule(struct front *f);
void schedule_handshake(struct conn *c);
unsigned schedule_start_ms(const struct front *f);
void schedule_replied(struct conn *c);
void schedule_started(struct conn *c);

/* answer.c: {"error": text, "code": code}, after which the connection ends; or end it at once, if
 * there is no more to say. */
void answer(struct conn *c, unsigned status, const char *code, const char *text);
void answer_end(struct conn *c);

#endif
