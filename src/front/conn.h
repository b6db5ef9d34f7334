/* SPDX-License-Identifier: MIT */
/* front's state: its connections, and what they share. conn.c keeps a connection's deadline, its
 * place among the idle and what it counts for; the states are the business of states.c. */
#ifndef SQUASH_FRONT_CONN_H
#define SQUASH_FRONT_CONN_H

#include "chunked.h"
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
	CONN_FORWARDS,     /* and then is queued again, if that was to authorise it */
	CONN_ANSWERS,      /* what front itself says is being written */
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
	char *in;           /* FRONT_IN_BYTES */
	size_t in_len;      /* bytes that are there */
	size_t body_at;     /* the first of those that is of the body, and not yet passed on */
	uint64_t body_left; /* bytes of the body that are not passed on, be they here or not; of
			       * one in chunks those that are here, decoded */
	bool body_open;     /* it is one in chunks, and its end isn't here */
	struct chunked chunked;
	uint64_t framed;      /* bytes of it that went into frames, with these */
	uint64_t body_due_ms; /* when more of it has to be here; 0: httpd keeps it waiting */
	struct head_request head;
	uint64_t token;  /* its hash; 0: none */
	bool has_paused; /* for wrong tokens */
	bool asks_api, asks_page;
	unsigned retries;

	/* The way to httpd. */
	struct socket backend;
	enum conn_part part;
	bool is_long;      /* its body doesn't fit behind the head */
	bool authorises;   /* httpd was sent the head alone, to say whether the body may come */
	bool is_upload;    /* the body may come: it is passed on while it does */
	bool is_starting;  /* counts as such: conn_count_request */
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

/* Makes all connections free. */
void conn_init_all(struct front *f);

/* Ends the connection, whatever its state, and forgets what went through it. */
void conn_close(struct conn *c);

/* Writes on what is in c->out; once that is written, what TLS still holds. Returns how many bytes
 * went, 0 if there is nothing left, -EAGAIN, or another -errno, and the connection is closed. */
ssize_t conn_write_out(struct conn *c);

/* Sets the deadline: in so many ms, or at a time of the loop's clock. */
void conn_set_deadline(struct conn *c, unsigned in_ms);
void conn_set_due(struct conn *c, uint64_t due_ms);

/* Clears the deadline. The caller sets another, unless only httpd is pending. */
void conn_clear_deadline(struct conn *c);

/* While a connection is idle, it may be closed for others, as httpd does nothing for it. */
void conn_set_idle(struct conn *c, bool is_idle);

/* Counts c's request as under way, and as starting until it has begun to reply or has run for four
 * times as long as quick ones take. */
void conn_count_request(struct conn *c);

/* Notes that the request has begun to reply: how long that took counts for others. */
void conn_note_reply(struct conn *c);

/* Counts the request no more, and lets go of httpd. */
void conn_end_request(struct conn *c);

#endif
