/* SPDX-License-Identifier: MIT */
/* What the parts of inspect.h find. */
#ifndef SQUASH_EGRESS_INSPECT_VERDICT_H
#define SQUASH_EGRESS_INSPECT_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/allow.h"

/* Bytes that a caller holds at most: a request's head, or a ClientHello, must fit. A ClientHello
 * with post-quantum keys takes 2 KiB. */
#define INSPECT_BYTES 16384

enum inspect_verdict {
	INSPECT_MORE,   /* too few bytes are there to decide; never said of INSPECT_BYTES */
	INSPECT_ASKS,   /* the client asks for says.asked; to call again is to allow it */
	INSPECT_PASS,   /* the next says.pass bytes may go on, also those not yet there; above 0 */
	INSPECT_ANSWER, /* nothing goes on before the server's answer is known */
	INSPECT_FREE,   /* everything may go on, unseen, for good */
	INSPECT_BAD,    /* the connection must end, for says.reason */
};

enum asked_kind { ASKED_NOTHING, ASKED_NAME, ASKED_ADDRESS };

/* What a ClientHello or a request asks for. */
struct asked {
	enum asked_kind kind;
	char name[ALLOW_NAME_BYTES + 1]; /* of ASKED_NAME, as allow_read_name leaves it */
	struct addr addr;                /* of ASKED_ADDRESS */
};

struct inspect_says {
	struct asked asked;
	uint64_t pass;      /* bytes */
	const char *reason; /* a word for the log, static */
};

/* Reasons. */
#define INSPECT_NEITHER "neither TLS nor HTTP"     /* of a connection's first bytes */
#define INSPECT_MALFORMED "malformed request"      /* or one that servers may read in two ways */
#define INSPECT_PROTOCOL "protocol not allowed"    /* HTTP/2 in clear, a tunnel, an upgrade */
#define INSPECT_ANOTHER_NAME "another server name" /* of a second ClientHello */
#define INSPECT_HANDSHAKE "malformed handshake"

#endif
