/* SPDX-License-Identifier: MIT */
/* egress, one for each sandbox that may reach something: it lives in the appliance's network, holds
 * sockets of the sandbox's, and brings bytes from one to the other, if squashd's policy allows. Its
 * descriptors are those of lib/egress_fds.h; it has an unprivileged user, no capability, an empty
 * root and no_new_privs. It keeps nothing that its successor couldn't do without. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

#include "confine.h"
#include "control.h"
#include "relay.h"
#include "resolver.h"

struct egress {
	struct loop loop;
	struct timer *timers[EGRESS_TIMERS + 1];
	struct policy policy;
	struct control control;
	struct names names;
	struct upstream upstream;
	struct resolver resolver;
	struct relay relay;
	struct netlog log;
	struct traffic traffic;
};

/* Connections first: what waits for a lookup is refused for what it is. */
static void policy_changed(void *owner)
{
	struct egress *g = owner;
	relay_policy_changed(&g->relay);
	upstream_policy_changed(&g->upstream);
}

/* Who is at the other end may hold the socket, too, and would block with it. */
static int set_nonblocking(int fd, struct err *e)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_set(e, errno, "descriptor %d", fd);
	return 0;
}

/* The descriptors that it was started with. has_ipv6: whether there is EGRESS_RELAY6_FD. */
static int check_descriptors(bool *has_ipv6, struct err *e)
{
	static const int waited_for[] = {EGRESS_CONTROL_FD, EGRESS_DNS_UDP_FD, EGRESS_DNS_TCP_FD,
					 EGRESS_RELAY_FD};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(waited_for) / sizeof(waited_for[0]); i++)
		rc = set_nonblocking(waited_for[i], e);
	*has_ipv6 = fcntl(EGRESS_RELAY6_FD, F_GETFD) >= 0;
	if (rc == 0 && *has_ipv6)
		rc = set_nonblocking(EGRESS_RELAY6_FD, e);
	return rc;
}

static int set_up(struct egress *g, bool has_ipv6, struct err *e)
{
	uint32_t seed;
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return err_set(e, errno, "getrandom");
	names_init(&g->names, seed);
	upstream_init(&g->upstream, &g->loop, &g->policy, seed);
	netlog_init(&g->log);
	g->log.traffic = g->relay.traffic = &g->traffic;

	g->resolver.loop = g->relay.loop = &g->loop;
	g->resolver.policy = g->relay.policy = &g->policy;
	g->resolver.upstream = g->relay.upstream = &g->upstream;
	g->resolver.names = g->relay.names = &g->names;
	g->resolver.log = g->relay.log = &g->log;
	g->control.policy = &g->policy;
	g->control.changed = policy_changed;
	g->control.owner = g;

	int rc = traffic_map(&g->traffic, EGRESS_TRAFFIC_FD, e);
	if (rc == 0)
		rc = loop_init(&g->loop, g->timers, e);
	if (rc == 0)
		rc = control_init(&g->control, &g->loop, EGRESS_CONTROL_FD, e);
	if (rc == 0)
		rc = resolver_init(&g->resolver, EGRESS_DNS_UDP_FD, EGRESS_DNS_TCP_FD, e);
	if (rc == 0)
		rc = relay_init(&g->relay, EGRESS_RELAY_FD, has_ipv6 ? EGRESS_RELAY6_FD : -1, e);
	return rc;
}

int main(void)
{
	static struct egress egress;
	struct err e;
	bool has_ipv6;
	int rc = check_descriptors(&has_ipv6, &e);
	if (rc == 0)
		rc = set_up(&egress, has_ipv6, &e);
	/* Nothing that comes from outside has been read yet. */
	if (rc == 0)
		rc = confine_self(&e);
	while (rc == 0)
		rc = loop_turn(&egress.loop, &e);
	fprintf(stderr, "egress: %s\n", e.text);
	return 1;
}
