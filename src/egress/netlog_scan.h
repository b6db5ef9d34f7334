/* SPDX-License-Identifier: MIT */
/* What an egress process before has left in a file of its log. */
#ifndef SQUASH_EGRESS_NETLOG_SCAN_H
#define SQUASH_EGRESS_NETLOG_SCAN_H

#include <stdint.h>

#define NETLOG_NOWHERE UINT64_MAX

struct netlog_found {
	uint64_t size;        /* of its lines, bytes */
	uint64_t told;        /* how much they tell of, with what was added to them */
	uint64_t last_number; /* the largest of theirs; 0: they have none */
	uint64_t lost;        /* what the last line says that says how much is missing */
	uint64_t lost_at;     /* where that is; NETLOG_NOWHERE: there is none */
	uint64_t lost_number;
};

/* Read it. A process that was killed, or a disk that was full, may have left a piece of a line at
 * its end: that goes. */
void netlog_scan(int fd, struct netlog_found *f);

#endif
