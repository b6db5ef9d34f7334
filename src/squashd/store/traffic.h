/* SPDX-License-Identifier: MIT */
/* What sandboxes have moved through their egress processes, which count it themselves: a file for
 * each sandbox, PATH_RUN/traffic/<id>, which lib/egress_fds.h describes. It is there from the
 * sandbox's start to its end, or to the reboot, whichever egress processes come and go meanwhile.
 * Its numbers are the words of a stranger: they are read, and added up, and nothing else. */
#ifndef SQUASH_SQUASHD_STORE_TRAFFIC_H
#define SQUASH_SQUASHD_STORE_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/egress_fds.h"
#include "lib/err.h"
#include "squashd/sandbox.h"

/* The sandbox's file, made if it isn't there; or -errno. */
int traffic_open(const struct server *s, const char *id, struct err *e);

/* Its numbers. False: there are none. */
bool traffic_read(const struct server *s, const char *id, uint64_t counts[EGRESS_COUNTS]);

/* The sandbox is gone, and its egress: its numbers are the totals' from now on. 0, also if there
 * are none; or -errno. */
int traffic_end(const struct server *s, const char *id, struct err *e);

/* The numbers of all sandboxes together, those that are gone included: they never get less. 0 or
 * -errno. */
int traffic_sum(const struct server *s, uint64_t counts[EGRESS_COUNTS], struct err *e);

/* traffic_end for all for which has(id) is false. 0 or the first -errno. */
int traffic_sweep(const struct server *s, bool (*has)(const struct server *s, const char *id),
		  struct err *e);

#endif
