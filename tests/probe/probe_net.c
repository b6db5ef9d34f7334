/* SPDX-License-Identifier: MIT */
/* Sockets of every family, and the ways out of a network that has none. */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define FAMILIES 46 /* <linux/socket.h>: AF_MAX */
#define FAMILY_REFUSED EAFNOSUPPORT

struct named {
	const char *name;
	int number;
};

static void try_family(int family)
{
	static const struct named types[] = {
		{"stream", SOCK_STREAM},       {"datagram", SOCK_DGRAM}, {"raw", SOCK_RAW},
		{"seqpacket", SOCK_SEQPACKET}, {"rdm", SOCK_RDM},
	};
	char name[64];
	if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK)
		return;
	for (size_t i = 0; i < COUNT(types); i++) {
		int fd = socket(family, types[i].number, 0);
		if (fd < 0 && errno == FAMILY_REFUSED)
			continue;
		snprintf(name, sizeof(name), "family %d, %s", family, types[i].name);
		probe_result(name, fd, FAMILY_REFUSED);
		return;
	}
	snprintf(name, sizeof(name), "family %d, of every type", family);
	errno = FAMILY_REFUSED;
	probe_result(name, -1, FAMILY_REFUSED);
}

void probe_families(void)
{
	const struct call_probe probes[] = {
		{"AF_UNIX stream", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}, DONE},
		{"AF_UNIX datagram", SYS_socket, {AF_UNIX, SOCK_DGRAM, 0}, DONE},
		{"AF_UNIX seqpacket", SYS_socket, {AF_UNIX, SOCK_SEQPACKET, 0}, DONE},
		{"AF_INET stream", SYS_socket, {AF_INET, SOCK_STREAM, 0}, DONE},
		{"AF_INET datagram", SYS_socket, {AF_INET, SOCK_DGRAM, 0}, DONE},
		{"AF_INET6 stream", SYS_socket, {AF_INET6, SOCK_STREAM, 0}, DONE},
		{"AF_INET6 datagram", SYS_socket, {AF_INET6, SOCK_DGRAM, 0}, DONE},
		{"AF_INET ping", SYS_socket, {AF_INET, SOCK_DGRAM, IPPROTO_ICMP}, DONE},
		{"AF_INET raw", SYS_socket, {AF_INET, SOCK_RAW, IPPROTO_ICMP}, EPERM},
		{"AF_INET raw IP", SYS_socket, {AF_INET, SOCK_RAW, IPPROTO_RAW}, EPROTONOSUPPORT},
		{"AF_INET6 raw", SYS_socket, {AF_INET6, SOCK_RAW, IPPROTO_ICMPV6}, EPERM},
		{"AF_INET SCTP", SYS_socket, {AF_INET, SOCK_STREAM, IPPROTO_SCTP}, EPROTONOSUPPORT},
		{"AF_INET MPTCP", SYS_socket, {AF_INET, SOCK_STREAM, 262}, EPROTONOSUPPORT},
		{"AF_INET SMC", SYS_socket, {AF_INET, SOCK_STREAM, 256}, EPROTONOSUPPORT},
		{"AF_INET DCCP", SYS_socket, {AF_INET, 6, 33}, ESOCKTNOSUPPORT},
		/* The kernel takes this for AF_PACKET: __sock_create() in net/socket.c. */
		{"AF_INET, of the type SOCK_PACKET", SYS_socket, {AF_INET, SOCK_PACKET, 0}, EPERM},
		{"AF_NETLINK route", SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}, DONE},
		{"AF_VSOCK by name", SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}, FAMILY_REFUSED},
		{"AF_ALG by name", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}, FAMILY_REFUSED},
		{"AF_PACKET raw",
		 SYS_socket,
		 {AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)},
		 FAMILY_REFUSED},
		{"AF_PACKET by the other half of the word",
		 SYS_socket,
		 {AF_VSOCK | 1L << 32, SOCK_STREAM, 0},
		 FAMILY_REFUSED},
		{"socketpair AF_VSOCK", SYS_socketpair, {AF_VSOCK, SOCK_STREAM, 0, -1}, EOPNOTSUPP},
		{"socketpair AF_TIPC", SYS_socketpair, {AF_TIPC, SOCK_STREAM, 0, -1}, EOPNOTSUPP},
	};
	for (int family = 0; family < FAMILIES; family++)
		try_family(family);
	probe_calls(probes, COUNT(probes));
	for (int protocol = 1; protocol <= NETLINK_SMC; protocol++) {
		char name[64];
		snprintf(name, sizeof(name), "AF_NETLINK protocol %d", protocol);
		long fd = socket(AF_NETLINK, SOCK_RAW, protocol);
		probe_result(name, fd, EPROTONOSUPPORT);
	}
}

/* A connection of this type, not waited for longer than SO_SNDTIMEO allows. */
static void try_connect(const char *host, int port, int type, int expected)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a;
	char name[96];
	const struct timeval patience = {.tv_sec = 2};
	bool is_v6 = strchr(host, ':');
	memset(&a, 0, sizeof(a));
	if (is_v6) {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = htons((uint16_t)port);
		a.v6.sin6_scope_id = strncmp(host, "fe80", 4) == 0 ? if_nametoindex("lo") : 0;
		inet_pton(AF_INET6, host, &a.v6.sin6_addr);
	} else {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons((uint16_t)port);
		inet_pton(AF_INET, host, &a.v4.sin_addr);
	}
	int fd = socket(a.any.sa_family, type, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	long rc = connect(fd, &a.any, is_v6 ? sizeof(a.v6) : sizeof(a.v4));
	snprintf(name, sizeof(name), "%s to %s port %d", type == SOCK_STREAM ? "TCP" : "UDP", host,
		 port);
	probe_result(name, rc, expected);
	close(fd);
}

static void try_connects(void)
{
	static const struct {
		const char *host;
		int port, expected;
	} tcp[] = {
		/* The API: QEMU's user network gives the appliance the first of these. */
		{"10.0.2.15", 8080, ENETUNREACH},
		{"10.0.2.15", 80, ENETUNREACH},
		{"10.0.2.2", 8080, ENETUNREACH},
		{"127.0.0.1", 8080, ECONNREFUSED},
		{"127.0.0.1", 80, ECONNREFUSED},
		{"127.1.2.3", 8080, ECONNREFUSED},
		{"0.0.0.0", 8080, ECONNREFUSED},
		{"::1", 8080, ECONNREFUSED},
		{"::ffff:10.0.2.15", 8080, ENETUNREACH},
		{"::ffff:127.0.0.1", 8080, ECONNREFUSED},
		{"fec0::5054:ff:fe12:3456", 8080, ENETUNREACH},
		/* Anywhere else. */
		{"10.0.2.3", 53, ENETUNREACH},
		{"169.254.169.254", 80, ENETUNREACH},
		{"192.0.2.1", 443, ENETUNREACH},
		{"198.18.0.1", 443, ENETUNREACH},
		{"2001:db8::1", 443, ENETUNREACH},
	};
	for (size_t i = 0; i < COUNT(tcp); i++)
		try_connect(tcp[i].host, tcp[i].port, SOCK_STREAM, tcp[i].expected);
	try_connect("10.0.2.3", 53, SOCK_DGRAM, ENETUNREACH);
	try_connect("224.0.0.1", 5353, SOCK_DGRAM, ENETUNREACH);
	try_connect("255.255.255.255", 67, SOCK_DGRAM, ENETUNREACH);
	try_connect("ff0e::1", 5353, SOCK_DGRAM, ENETUNREACH);
}

/* Send one rtnetlink request; what its acknowledgement says. */
static int ask_route(int type, const void *body, size_t len)
{
	struct {
		struct nlmsghdr head;
		char body[64];
	} request = {.head = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(len),
			      .nlmsg_type = (uint16_t)type,
			      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE}};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} reply;
	memcpy(request.body, body, len);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || send(fd, &request, request.head.nlmsg_len, 0) < 0 ||
	    recv(fd, &reply, sizeof(reply), 0) < (ssize_t)NLMSG_LENGTH(sizeof(int)))
		return errno;
	close(fd);
	return -reply.error.error;
}

static void try_settings(int fd)
{
	enum { NEWLINK = 16, NEWADDR = 20, NEWROUTE = 24, NEWRULE = 32, NEWQDISC = 36 };
	static const struct named requests[] = {
		{"a new interface", NEWLINK}, {"an address", NEWADDR}, {"a route", NEWROUTE},
		{"a rule", NEWRULE},          {"a queue", NEWQDISC},
	};
	static const struct {
		const char *name;
		int level, option, expected;
	} options[] = {{"SO_MARK", SOL_SOCKET, 36, EPERM},
		       {"SO_RCVBUFFORCE", SOL_SOCKET, 33, EPERM},
		       {"SO_SNDBUFFORCE", SOL_SOCKET, 32, EPERM},
		       {"IP_TRANSPARENT", IPPROTO_IP, 19, EPERM},
		       {"TCP_REPAIR", IPPROTO_TCP, 19, EPERM},
		       /* Not in the kernel: */
		       {"iptables", IPPROTO_IP, 64, ENOPROTOOPT},
		       {"ip6tables", IPPROTO_IPV6, 64, ENOPROTOOPT},
		       /* 7 is no descriptor, and of no program there could be one. */
		       {"SO_ATTACH_BPF", SOL_SOCKET, 50, EBADF}};
	static const char body[32];
	for (size_t i = 0; i < COUNT(requests); i++) {
		errno = ask_route(requests[i].number, body, sizeof(body));
		probe_result(requests[i].name, -1, EPERM);
	}
	for (size_t i = 0; i < COUNT(options); i++) {
		/* An int where one is meant, no program or table elsewhere. */
		const int value[32] = {7};
		int rc = setsockopt(fd, options[i].level, options[i].option, value,
				    options[i].option == 64 ? sizeof(value) : sizeof(int));
		probe_result(options[i].name, rc, options[i].expected);
	}
}

void probe_network(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = 0};
	struct ifreq eth = {.ifr_name = "eth0"};
	struct sockaddr_un squashd = {.sun_family = AF_UNIX,
				      .sun_path = "/run/squash/squashd.sock"};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	probe_names("/proc/sys/net/ipv4/conf", "all default lo");
	probe_result("there is a loopback", ioctl(fd, SIOCGIFFLAGS, &lo), DONE);
	probe_result("and no eth0", ioctl(fd, SIOCGIFFLAGS, &eth), ENODEV);
	lo.ifr_flags = 0;
	probe_result("taking the loopback down", ioctl(fd, SIOCSIFFLAGS, &lo), EPERM);
	probe_result("an address by ioctl", ioctl(fd, SIOCSIFADDR, &lo), EPERM);
	probe_result("a route by ioctl", ioctl(fd, SIOCADDRT, &(char[128]){0}), EPERM);
	probe_result("an ARP entry by ioctl", ioctl(fd, SIOCSARP, &(char[128]){0}), EPERM);
	probe_result("a bridge by ioctl", ioctl(fd, 0x89a0, "br0"), ENOPKG); /* SIOCBRADDBR */
	probe_result("squashd's socket by path",
		     connect(unix_fd, (struct sockaddr *)&squashd, sizeof(squashd)), ENOENT);
	try_settings(fd);
	close(fd);
	close(unix_fd);
	try_connects();
}
