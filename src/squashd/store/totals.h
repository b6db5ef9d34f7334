/* SPDX-License-Identifier: MIT */
/* Counts over all sandboxes, those that are gone included: the file PATH_RUN/totals, which squashd
 * maps before it forks, and whose numbers workers change by atomic additions. It outlives squashd,
 * as they do: the counts are since the machine was started. */
#ifndef SQUASH_SQUASHD_STORE_TOTALS_H
#define SQUASH_SQUASHD_STORE_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/egress_fds.h"
#include "lib/err.h"
#include "lib/msg.h"
#include "squashd/sandbox.h"

#define TOTALS_TIMES 16 /* of the last of which there is no end */

struct totals {
	_Atomic uint64_t denied; /* requests that were answered 401 */
	_Atomic uint64_t ends[MSG_ENDS];
	_Atomic uint64_t took[TOTALS_TIMES]; /* commands, by how long they took */
	_Atomic uint64_t took_ms;
	_Atomic uint64_t traffic[EGRESS_COUNTS]; /* of sandboxes that are gone: traffic.h */
	_Atomic uint64_t events; /* the number of the history's last event: journal.h */
};

/* The totals, for good; NULL with e filled. */
struct totals *totals_map(int run_fd, struct err *e);

void totals_deny(struct totals *t);
uint64_t totals_denied(const struct totals *t);

/* A command has ended, after so many milliseconds. */
void totals_count_exec(struct totals *t, enum msg_exec_end end, uint64_t took_ms);

/* TAG_REQUESTS_DENIED, TAG_EXECS, TAG_UP_TO_MS, TAG_TOOK and TAG_TOOK_MS. */
void totals_add(const struct totals *t, struct buf *b);

#endif
