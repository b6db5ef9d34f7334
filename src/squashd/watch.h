/* SPDX-License-Identifier: MIT */
/* What squashd itself keeps an eye on: that each sandbox's PID 1 and egress live, and when its
 * lifetime is over. A worker that has made a sandbox reports it through a socket (store/report.h);
 * a squashd that starts finds it by the sweep. */
#ifndef SQUASH_SQUASHD_WATCH_H
#define SQUASH_SQUASHD_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "sandbox.h"

struct watched {
	char id[LIMIT_ID_BYTES + 1]; /* empty: the place is free */
	int pidfd;                   /* of its PID 1; -1: that died */
	uint64_t due_ms;             /* when it is to be named as over */
	uint64_t retry_ms;           /* from then to the next time */
	int egress_fd;               /* a pidfd, too; -1: it has none, or that died */
	uint64_t egress_since_ms;    /* from when on it ran */
	uint64_t egress_due_ms;      /* when it is to be named as without its egress */
	uint64_t egress_retry_ms;    /* from its death to then, and to the next time */
};

struct watch {
	int epoll_fd;
	int news_fd;      /* squashd's end of the socket */
	int report_fd;    /* the workers' end, in struct server, too */
	uint64_t next_ms; /* no place is due before */
	struct watched all[LIMIT_SANDBOXES];
};

/* What an event of epoll_fd is about, its data.u64: the index of a place, for its PID 1, or of a
 * place and WATCH_EGRESS, or one of these. */
enum { WATCH_EGRESS = LIMIT_SANDBOXES, WATCH_NEWS = 2 * LIMIT_SANDBOXES, WATCH_FIRST_FREE };

/* 0 or -errno with e filled. */
int watch_init(struct watch *w, struct err *e);

/* Handle an event whose data is below WATCH_FIRST_FREE. */
void watch_handle(struct watch *w, uint64_t data);

enum watch_what {
	WATCH_IS_OVER,    /* its time is up, or its PID 1 died */
	WATCH_HAS_NO_WAY, /* its egress died */
};

/* The next sandbox that something seems to be the matter with. (It may be another by now:
 * life_end_if_over and egress_mend look again.) It is named again, after a second and then after
 * twice as long each time, while it exists and nothing is reported of it; for the sake of an
 * egress that dies at once, that distance is kept, and the first time is a tenth of a second. NULL:
 * none, now. */
const char *watch_next(struct watch *w, const struct server *s, enum watch_what *what);

/* For epoll_wait(2): milliseconds until a place is due; -1: none is. */
int watch_timeout_ms(const struct watch *w);

#endif
