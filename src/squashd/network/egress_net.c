/* SPDX-License-Identifier: MIT */
/* A socket belongs to the network that it was made in, for good: so nothing but socket(2) is called
 * there, and all that follows is done from outside. */
#include "egress_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "egress_bpf.h"
#include "egress_route.h"
#include "lib/egress_fds.h"
#include "lib/fd.h"

#define DNS_PORT 53
#define BACKLOG 1024 /* as many as there may be connections */

static const struct egress_net no_sockets = {-1, -1, -1, -1, -1, -1};

static int open_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);
	return fd < 0 ? -errno : fd;
}

static int open_sockets(struct egress_net *n, bool all)
{
	const int stream = SOCK_STREAM | SOCK_NONBLOCK;
	n->rtnl_fd = open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (n->rtnl_fd < 0 || !all)
		return n->rtnl_fd < 0 ? n->rtnl_fd : 0;
	n->dns_udp_fd = open_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	n->dns_tcp_fd = open_socket(AF_INET, stream, 0);
	n->relay_fd = open_socket(AF_INET, stream, 0);
	n->relay6_fd = open_socket(AF_INET6, stream, 0);
	if (n->dns_udp_fd < 0 || n->dns_tcp_fd < 0)
		return n->dns_udp_fd < 0 ? n->dns_udp_fd : n->dns_tcp_fd;
	if (n->relay_fd < 0)
		return n->relay_fd;
	return n->relay6_fd < 0 && n->relay6_fd != -EAFNOSUPPORT ? n->relay6_fd : 0;
}

static int open_own_netns(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* Be in the network of the process that pidfd is while the sockets are opened. A descriptor of that
 * network, or -errno. */
static int open_inside(int pidfd, struct egress_net *n, bool all, struct err *e)
{
	*n = no_sockets;
	AUTO_FD own = open_own_netns();
	if (own < 0 || setns(pidfd, CLONE_NEWNET) < 0)
		return err_set(e, errno, "enter the sandbox's network");
	AUTO_FD netns = open_own_netns();
	int rc = netns < 0 ? -errno : open_sockets(n, all);
	if (setns(own, CLONE_NEWNET) < 0) {
		/* What this process did next, it would do in a stranger's network. */
		perror("squashd: a worker can't leave the sandbox's network");
		_exit(EXIT_FAILURE);
	}
	return rc < 0 ? err_set(e, -rc, "make sockets in the sandbox's network") : fd_steal(&netns);
}

int egress_net_enter(int pidfd, struct egress_net *n, struct err *e)
{
	AUTO_FD netns = open_inside(pidfd, n, false, e);
	return netns < 0 ? netns : 0;
}

static int bind_to(int fd, const void *address, socklen_t len, bool listens, struct err *e)
{
	const int yes = 1;
	/* For what is left of connections of an egress before this one; and as connections take
	 * after their listener, the sandbox's servers can have the ports that it dials. */
	if (listens && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0)
		return err_set(e, errno, "set SO_REUSEADDR");
	if (bind(fd, address, len) < 0)
		return err_set(e, errno, "bind a socket in the sandbox's network");
	if (listens && listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "listen in the sandbox's network");
	return 0;
}

static int bind_v4(int fd, uint32_t host_order, bool listens, struct err *e)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(DNS_PORT),
				      .sin_addr.s_addr = htonl(host_order)};
	return bind_to(fd, &address, sizeof(address), listens, e);
}

static int bind_relay6(int fd, struct err *e)
{
	const int yes = 1;
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT)};
	inet_pton(AF_INET6, "100::", &address.sin6_addr); /* RFC 6666: nobody has it */
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &yes, sizeof(yes)) < 0)
		return err_set(e, errno, "set up the relay's socket");
	return bind_to(fd, &address, sizeof(address), true, e);
}

/* The relays listen where nobody calls: the program sends connections there, whatever they are for.
 * The resolver's port is one that the sandbox can't have for all of its addresses anyway, so that
 * they take none from it. */
static int bind_all(const struct egress_net *n, struct err *e)
{
	int rc = bind_v4(n->dns_udp_fd, EGRESS_RESOLVER, false, e);
	if (rc == 0)
		rc = bind_v4(n->dns_tcp_fd, EGRESS_RESOLVER, true, e);
	if (rc == 0)
		rc = bind_v4(n->relay_fd, EGRESS_NET, true, e);
	if (rc == 0 && n->relay6_fd >= 0)
		rc = bind_relay6(n->relay6_fd, e);
	return rc;
}

int egress_net_make(int pidfd, struct egress_net *n, struct err *e)
{
	AUTO_FD netns = open_inside(pidfd, n, true, e);
	int rc = netns < 0 ? netns : egress_route_set_resolver(n->rtnl_fd, true, e);
	if (rc == 0)
		rc = bind_all(n, e);
	if (rc < 0)
		return rc;
	n->link_fd = egress_bpf_attach(netns, n->relay_fd, n->relay6_fd, e);
	return n->link_fd < 0 ? n->link_fd : 0;
}

static bool names_net(const struct egress_list *list, const struct addr_net *net)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].kind == ALLOW_NET && list->all[i].net.prefix == net->prefix &&
		    addr_equal(&list->all[i].net.addr, &net->addr))
			return true;
	return false;
}

/* Make what list names, and other does not, local, or not. */
static int set_routes(const struct egress_net *n, const struct egress_list *list,
		      const struct egress_list *other, bool local, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < list->count && rc == 0; i++) {
		const struct allow *a = &list->all[i];
		if (a->kind == ALLOW_NET && !names_net(other, &a->net))
			rc = egress_route_set(n->rtnl_fd, &a->net, local, e);
	}
	return rc;
}

int egress_net_route(const struct egress_net *n, const struct egress_list *before,
		     const struct egress_list *list, struct err *e)
{
	static const struct egress_list nothing;
	/* All of the new ones: some may be missing though they were in the list before. */
	int rc = set_routes(n, list, &nothing, true, e);
	return rc < 0 ? rc : set_routes(n, before, list, false, e);
}

int egress_net_unset(const struct egress_net *n, struct err *e)
{
	return egress_route_set_resolver(n->rtnl_fd, false, e);
}

void egress_net_close(struct egress_net *n)
{
	fd_close(&n->rtnl_fd);
	fd_close(&n->dns_udp_fd);
	fd_close(&n->dns_tcp_fd);
	fd_close(&n->relay_fd);
	fd_close(&n->relay6_fd);
	fd_close(&n->link_fd);
}
