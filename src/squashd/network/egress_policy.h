/* SPDX-License-Identifier: MIT */
/* What squashd says to an egress process, by the socket that this listens on. */
#ifndef SQUASH_SQUASHD_NETWORK_EGRESS_POLICY_H
#define SQUASH_SQUASHD_NETWORK_EGRESS_POLICY_H

#include "egress_list.h"
#include "lib/err.h"

/* The socket of a sandbox's egress: PATH_RUN/egress/<id>. */
int egress_policy_listen(const struct server *s, const char *id, struct err *e);

/* Remove its name, if it is there. 0 or -errno. */
int egress_policy_forget(const struct server *s, const char *id, struct err *e);

/* Tell the sandbox's egress what to allow from now on, which name servers to ask, and which
 * networks the operator has opened; and wait until it does, but no longer than 10 s. 0 or
 * -errno. */
int egress_policy_send(const struct server *s, const char *id, const struct egress_list *list,
		       struct err *e);

#endif
