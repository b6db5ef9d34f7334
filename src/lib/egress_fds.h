/* SPDX-License-Identifier: MIT */
/* What squashd's worker and the egress process that it starts agree on. */
#ifndef SQUASH_LIB_EGRESS_FDS_H
#define SQUASH_LIB_EGRESS_FDS_H

/* Kinds of line of its log. */
enum {
	EGRESS_LOG_REFUSALS, /* connections that were refused, names that were denied */
	EGRESS_LOG_CONNECTIONS,
	EGRESS_LOG_LOOKUPS, /* of names that are allowed */
	EGRESS_LOGS,
};

/* The descriptors that egress is started with, beside the three of every process. */
enum {
	EGRESS_CONTROL_FD = 3, /* listens, AF_UNIX, SOCK_STREAM: policies come here, by msg.h */
	EGRESS_DNS_UDP_FD,     /* bound to the resolver's address, in the sandbox's network */
	EGRESS_DNS_TCP_FD,     /* listens there */
	EGRESS_RELAY_FD,       /* listens: each TCP connection by IPv4 that leads out */
	EGRESS_RELAY6_FD,      /* the same by IPv6; closed if there is no IPv6 */
	EGRESS_LINK_FD,        /* holds the program that sends them there */
	EGRESS_LOG_FD, /* for each kind of line two files, of which one is written at a time */
	EGRESS_LOG_LAST_FD = EGRESS_LOG_FD + 2 * EGRESS_LOGS - 1,
	EGRESS_TRAFFIC_FD, /* a file of EGRESS_TRAFFIC_BYTES, mapped at once: what it counts */
	EGRESS_FDS_END,
};

/* What is in that file: numbers of 8 bytes, which only ever grow, whichever process adds to them.
 * Who reads them has to take them as the words of a stranger. */
enum egress_count {
	EGRESS_COUNT_SENT,     /* bytes that the sandbox has sent */
	EGRESS_COUNT_RECEIVED, /* bytes that it has got */
	EGRESS_COUNT_CONNECTIONS,
	EGRESS_COUNT_REFUSALS, /* connections that were reset instead; names that it may not have */
	EGRESS_COUNTS,
};

#define EGRESS_TRAFFIC_BYTES 4096 /* a page */

#define EGRESS_LOG_BYTES 262144 /* of each of the log's files */

/* The sandbox's resolver, and the network that the addresses of names are taken from (RFC 2544:
 * nobody else's): 198.18.0.0/15. Host byte order. */
#define EGRESS_NET 0xC6120000u
#define EGRESS_NET_MASK 0xFFFE0000u
#define EGRESS_RESOLVER (EGRESS_NET | 1u)

#endif
