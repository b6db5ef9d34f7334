/* SPDX-License-Identifier: MIT */
/* One question put to one server: by UDP, from a port that the kernel chooses, and, if the answer
 * is said to be too long for that, by TCP. */
#ifndef SQUASH_EGRESS_ATTEMPT_H
#define SQUASH_EGRESS_ATTEMPT_H

#include "dns.h"
#include "lib/loop.h"
#include "limits.h"

/* Room for an answer by TCP, behind its length: RFC 1035 4.2.2. */
struct attempt_room {
	bool used;
	uint8_t bytes[2 + DNS_TCP_BYTES];
};

/* What attempts share. */
struct attempt_rooms {
	struct attempt_room all[EGRESS_UPSTREAM_TCP];
};

struct attempt {
	struct loop *loop;
	struct attempt_rooms *rooms;
	/* answer: NULL: the server gave none. The attempt is over, and may begin anew. */
	void (*done)(void *owner, const struct dns_answer *answer);
	void *owner;
	/* The rest is the attempt's own. */
	struct loop_source source;
	struct timer timer;
	struct attempt_room *room; /* NULL: it is by UDP */
	size_t room_len;
	bool sent; /* by TCP */
	struct addr server;
	int device;
	uint16_t id;
	enum dns_type type;
	const char *name; /* borrowed until it is over */
};

void attempt_init(struct attempt *a, struct loop *loop, struct attempt_rooms *rooms,
		  void (*done)(void *owner, const struct dns_answer *answer), void *owner);

/* Ask, by a socket that is bound to the device of that index (0: to none). 0, and done is called
 * later; or -errno: the server can't be asked. */
int attempt_begin(struct attempt *a, const struct addr *server, int device, const char *name,
		  enum dns_type type);

/* Give up one that is under way, if it is. */
void attempt_end(struct attempt *a);

#endif
