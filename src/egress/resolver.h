/* SPDX-License-Identifier: MIT */
/* The sandbox's resolver: what it asks, by UDP or TCP, is answered with a synthetic address if the
 * policy allows the name and the servers know it. Of any other name nothing leaves. */
#ifndef SQUASH_EGRESS_RESOLVER_H
#define SQUASH_EGRESS_RESOLVER_H

#include <netinet/in.h>

#include "dns_clients.h"
#include "names.h"
#include "netlog.h"
#include "upstream.h"

/* Whom to answer. */
struct asker {
	struct dns_client *client; /* NULL: it asked by UDP, from: */
	struct sockaddr_in from;
};

/* A question that waits for the servers. */
struct question {
	struct resolver *resolver;
	struct question *next_free;
	struct waiter waiter;
	struct asker asker;
	struct dns_question q;
};

struct resolver {
	struct loop *loop;
	const struct policy *policy;
	struct upstream *upstream;
	struct names *names;
	struct netlog *log;
	struct loop_source udp;
	struct dns_clients clients;
	struct question *free_questions;
	struct question questions[EGRESS_QUESTIONS];
};

/* The pointers in *r are set, and borrowed for good, as the descriptors are. 0 or -errno with e
 * filled. */
int resolver_init(struct resolver *r, int udp_fd, int tcp_fd, struct err *e);

#endif
