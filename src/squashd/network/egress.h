/* SPDX-License-Identifier: MIT */
/* The way out of a sandbox: a process for each that may reach something, which is given sockets in
 * its network and is told what to allow (lib/egress_fds.h). It goes with the sandbox's PID 1, and
 * is made again when it dies alone. All that is here wants the sandbox's lock. */
#ifndef SQUASH_SQUASHD_NETWORK_EGRESS_H
#define SQUASH_SQUASHD_NETWORK_EGRESS_H

#include <stdbool.h>

#include "lib/err.h"
#include "squashd/sandbox.h"

/* For a sandbox whose PID 1, pidfd, has just been started: start its egress, if its allow_net names
 * anything, and set its network up for that. 0 with *egress_pidfd, owned by the caller, set to it,
 * or to -1: it needs none; or -errno with e filled, and egress_stop is needed. */
int egress_start(const struct server *s, const struct sandbox *sb, int pidfd, int *egress_pidfd,
		 struct err *e);

/* End it, and wait until it is gone: its connections are, then. 0, also if there is none; or
 * -errno. */
int egress_stop(const struct server *s, const char *id, struct err *e);

/* Have a sandbox that runs reach what sb says, and not what before says beside that: start, tell or
 * end its egress, and squashd to watch it. One that doesn't listen is replaced. 0, also if the
 * sandbox doesn't run; or -errno. */
int egress_change(const struct server *s, const struct sandbox *before, const struct sandbox *sb,
		  struct err *e);

/* The same for a sandbox by its id, with what it is to reach already: its egress has died, or may
 * have. Takes its lock. -ENOENT if there is no such sandbox. */
int egress_mend(const struct server *s, const char *id, struct err *e);

/* Remove what sandboxes that are gone have left in PATH_RUN/egress: those for which has(id) is
 * false. 0 or -errno. */
int egress_sweep(const struct server *s, bool (*has)(const struct server *s, const char *id),
		 struct err *e);

#endif
