/* SPDX-License-Identifier: MIT */
/* Every cap of an egress process, with its unit and its reason. Its memory and its processor time
 * are charged to its sandbox: most of these keep one program in there from taking it all. */
#ifndef SQUASH_EGRESS_LIMITS_H
#define SQUASH_EGRESS_LIMITS_H

#include "lib/egress_fds.h"
#include "lib/limits.h"

/* Policies */
#define EGRESS_SERVERS 3         /* that are asked for names: MAXNS of resolv.conf(5) */
#define EGRESS_CONTROL_SECONDS 1 /* squashd sends at once, and nothing else moves meanwhile */
#define EGRESS_POLICY_BYTES                                                                        \
	((LIMIT_ALLOW_NET + LIMIT_EGRESS_PRIVATE + EGRESS_SERVERS) * (8 + LIMIT_HOST_BYTES))

/* Names */
#define EGRESS_NAMES 4096           /* with a synthetic address; 280 bytes each */
#define EGRESS_NAME_TTL_S 10        /* of that: after a restart of egress it means nothing */
#define EGRESS_CACHE 1024           /* answers of servers; 600 bytes each */
#define EGRESS_CACHE_MS_MIN 1000    /* a TTL of 0 would cost a lookup for each connection */
#define EGRESS_CACHE_MS_MAX 3600000 /* a server that was moved is found after an hour */
#define EGRESS_NEGATIVE_MS 5000     /* a name just made should be there soon */

/* Questions of the sandbox, and to the servers */
#define EGRESS_QUESTIONS 256 /* that wait for servers, SERVFAIL past it; 600 bytes each */
#define EGRESS_LOOKUPS 256   /* names that servers are asked for, or will be; 500 bytes each */
/* Of these at once, the others wait: a descriptor each, and one of the appliance's UDP ports, which
 * all sandboxes share. 1,024 sandboxes take 49,152 of 55,536 (config/sysctls). */
#define EGRESS_LOOKUPS_ASKED 48
#define EGRESS_ATTEMPT_MS 2000     /* then the next server is asked */
#define EGRESS_ROUNDS 2            /* times that each server is asked: a packet may get lost */
#define EGRESS_UPSTREAM_TCP 16     /* lookups by TCP at once; 64 KiB each */
#define EGRESS_TCP_CLIENTS 32      /* that ask by TCP, reset past it: few programs do */
#define EGRESS_TCP_CLIENT_MS 10000 /* that one may take to its next question */
#define EGRESS_QUESTION_BYTES 512  /* by TCP, too: RFC 1035 has nothing longer to ask */

/* Connections */
#define EGRESS_CONNECTIONS 1024 /* reset past it; six descriptors and 16 KiB each */
/* To one address and port, of 55,536 that there are for all sandboxes (config/sysctls): npm takes
 * 50 at most, a browser 6. */
#define EGRESS_CONNECTIONS_TO_ONE 128
#define EGRESS_FIRST_MS 10000      /* for what tells the name, at 80 and 443 */
#define EGRESS_CONNECT_MS 10000    /* for all addresses of a name together */
#define EGRESS_ASKED 4             /* names that a connection asks for: clients ask for one */
#define EGRESS_IDLE_MS 3600000     /* a shell or a database left alone for lunch */
#define EGRESS_HALF_IDLE_MS 300000 /* one side has ended: the other is about to, or never will */

/* Bytes on their way */
#define EGRESS_ROUNDS_AT_ONCE 8  /* transfers of one direction before others have their turn */
#define EGRESS_STEPS_AT_ONCE 8   /* of what is inspected: each lets one request, or more, go */
#define EGRESS_PIPES_KEPT 4      /* empty ones, against pipe2 and close for each transfer */
#define EGRESS_PIPE_BYTES 524288 /* a transfer: a third faster than by pipes of the default size */
/* In all pipes together, as their pages are charged to nobody: a transfer gets a quarter of what is
 * left, so that the first one has all that it can use. Past it a transfer is a page, and begins
 * when the socket that it leads to has room for that. */
#define EGRESS_HELD_BYTES 2097152U
#define EGRESS_HELD_SHARE 4
#define EGRESS_SHORT_BYTES 4096

/* The loop */
/* One for each connection, lookup, client by TCP, and listener. */
#define EGRESS_TIMERS (EGRESS_CONNECTIONS + EGRESS_LOOKUPS_ASKED + EGRESS_TCP_CLIENTS + 3)
/* Those it starts with; the loop, a message's; for each connection two sockets and two pipes; what
 * else there is; and one to find out whether an address is the appliance's own. */
#define EGRESS_FDS                                                                                 \
	(EGRESS_FDS_END + 2 + 6 * EGRESS_CONNECTIONS + 2 * EGRESS_PIPES_KEPT +                     \
	 EGRESS_LOOKUPS_ASKED + EGRESS_TCP_CLIENTS + 1)

/* The log */
#define EGRESS_LINE_BYTES 768
#define EGRESS_TOLD_BYTES 512        /* of a line, without numbers and times */
#define EGRESS_LOST_BYTES 160        /* of a line that says how much is missing */
#define EGRESS_GROWTH_BYTES 64       /* spaces behind a line that may be written again */
#define EGRESS_REPEATS 128           /* lines that are remembered for that; 900 bytes each */
#define EGRESS_REPEAT_MS 1000        /* the same refusal again is counted in its line, */
#define EGRESS_REPEAT_FLOOD_MS 60000 /* and so is everything while much comes */
/* Of each kind so much may be written at once, and so much a second in the long run: what is in a
 * file stays for (EGRESS_LOG_BYTES - EGRESS_LOG_BURST_BYTES) / EGRESS_LOG_RATE_BYTES seconds at
 * least, four minutes, whatever comes. */
#define EGRESS_LOG_BURST_BYTES 131072U
#define EGRESS_LOG_RATE_BYTES 512U

#endif
