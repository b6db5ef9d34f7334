/* SPDX-License-Identifier: MIT */
/* Every cap of front, with its unit and its reason. What strangers can make it hold is the sum of
 * these: some 33 KiB a connection, and as much again for TLS. */
#ifndef SQUASH_FRONT_LIMITS_H
#define SQUASH_FRONT_LIMITS_H

#include "lib/limits.h"

/* Connections */
#define FRONT_CONNECTIONS 1024       /* past it, an idle one goes, of the address with most */
#define FRONT_CLIENT_CONNECTIONS 512 /* of one address: half is left for all others */
#define FRONT_CLIENTS 2048 /* addresses: each that is connected, and as many that guess tokens */
#define FRONT_WARM 64      /* connections whose buffers stay in memory when they are closed */
/* Of each in the kernel, each way, which holds up to twice that. There is no limit for the sum of
 * all connections (config/sysctls): sandboxes' connections count there, too. */
#define FRONT_SOCKET_BYTES 196608

/* What they send */
#define FRONT_IN_BYTES                                                                             \
	16384 /* a head, and a small body behind it; a page of TLS's 16 KiB records */
#define FRONT_TARGET_BYTES 4096             /* paths of files go in the query: PATH_MAX */
#define FRONT_METHOD_BYTES 15               /* httpd cuts longer ones */
#define FRONT_FIELD_BYTES 2048              /* one that is passed on: a token of 1 KiB, and more */
#define FRONT_FIELDS 100                    /* lines of a head; browsers send 20 */
#define FRONT_BODY_BYTES LIMIT_UPLOAD_BYTES /* httpd takes no longer ones */
/* Of a body in chunks: the digits of a size, which fit into 64 bits; extensions and trailers in
 * all, which are dropped. Clients send none. */
#define FRONT_CHUNK_DIGITS 16
#define FRONT_EXTENSIONS_BYTES 4096
#define FRONT_TRAILERS_BYTES 4096

/* What they get */
#define FRONT_OUT_BYTES 16384
#define FRONT_REPLY_ROOM 6144       /* of these, for a reply's head as it is passed on */
#define FRONT_REPLY_HEAD_BYTES 4096 /* as api and httpd write it: some 300 */

/* Time. A client that keeps to these is as slow as a modem on another continent. */
#define FRONT_HANDSHAKE_MS 10000
#define FRONT_HEAD_MS 10000 /* from a connection's beginning, or a head's first byte, to its end */
#define FRONT_IDLE_MS 60000 /* between requests */
#define FRONT_BODY_GRACE_MS 10000 /* before a body has to have come at this rate: */
#define FRONT_RATE 4              /* bytes a millisecond, 4 KB a second, on the average */
#define FRONT_STALL_MS 30000      /* without a byte of a body, or with nobody to take a reply */
#define FRONT_LINGER_MS 2000      /* after the last reply: what is still on its way here */
#define FRONT_QUEUE_MS 30000      /* for a request's turn to come; 503 past it */

/* Requests under way */
/* squashd has LIMIT_WORKERS, of which 64 are left for work of its own; of what takes long it lets
 * 64 fewer in than this. */
#define FRONT_REQUESTS 448
#define FRONT_CLIENT_REQUESTS 224 /* of one address, and no more than it leaves to others */
#define FRONT_UPLOADS 64          /* authorised, with a body that doesn't fit into FRONT_IN_BYTES */
#define FRONT_CLIENT_UPLOADS 16   /* of one address, and no more than it leaves to others */
/* Requests that have just begun: as many as keep all processors busy, so that a newcomer's
 * doesn't share them with a flood's. One that has run for so many times what those took that were
 * quick, within these bounds, waits for something else. */
#define FRONT_STARTING_MIN 4
#define FRONT_STARTING_PER_CPU 2
#define FRONT_START_TIMES 4
#define FRONT_START_MS_MIN 20
#define FRONT_START_MS_MAX 200
#define FRONT_HANDSHAKES_AT_ONCE 2 /* steps in a turn of the loop: each may take a millisecond */
#define FRONT_ROUNDS_AT_ONCE 8     /* steps of one connection before others have their turn */
#define FRONT_RETRY_MS 100         /* httpd is being restarted */
#define FRONT_RETRIES 20

/* Wrong tokens: so many are a mistake; each one after that doubles the distance between what its
 * address may try, from the first of these to the last. */
#define FRONT_GUESSES 5
#define FRONT_GUESS_MS_MIN 100
#define FRONT_GUESS_MS_MAX 5000
#define FRONT_GUESS_WAIT_MS 20000    /* what would have to wait longer is answered 429 */
#define FRONT_GUESS_FORGET_MS 600000 /* without a wrong one */
#define FRONT_GOOD_TOKENS 64         /* that were right lately, and don't wait */

/* TLS */
#define FRONT_SESSIONS 2048 /* that can be resumed: LRU_ENTRY_LEN of BearSSL each, 100 bytes */
#define FRONT_SESSION_BYTES ((size_t)FRONT_SESSIONS * 100)
#define FRONT_SESSIONS_MS 86400000 /* until all are forgotten: RFC 5246 F.1.4 has a day */
/* What a handshake may take of a client's, in records that may have one byte each: its hello has
 * some 500 bytes. */
#define FRONT_HANDSHAKE_BYTES 65536
#define FRONT_HANDSHAKE_RECORDS 1024
#define FRONT_EMPTY_RECORDS 32 /* alerts, or nothing, until one has data */

/* A deadline and a beginning's end for each connection; a pause for each listener; the end. */
#define FRONT_TIMERS (2 * FRONT_CONNECTIONS + 3)
/* Those it starts with; the loop; for each connection its own and one to httpd; accept's next. */
#define FRONT_FDS (8 + 1 + 2 * FRONT_CONNECTIONS + 1)

#endif
