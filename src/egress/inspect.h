/* SPDX-License-Identifier: MIT */
/* What a client asks for on a connection, for as long as it can ask: the server name of each TLS
 * ClientHello up to the ServerHello, or the Host of each HTTP/1 request. A machine without I/O: it
 * is shown the bytes that the client has sent and that haven't gone on yet, and says what may.
 *
 * The caller repeats:
 *
 *     inspect_client(held bytes)   MORE: read more, and show all of them again
 *                                  ASKS: end the connection, or call again
 *                                  PASS: let that many bytes go, held or not, and show what follows
 *                                  ANSWER: wait until inspect_server has been told more
 *                                  FREE: let all bytes go, and stop calling
 *                                  BAD: end the connection
 *     inspect_server(its bytes)    MORE, PASS, FREE and BAD alike; while inspect_listens()
 *
 * The bytes shown to inspect_client must be the caller's copy, and the copy must be what goes on: a
 * client that sends pages of a file (sendfile(2)) can change them in the socket's queue. What the
 * machine says depends on the bytes alone, however they are cut into calls. */
#ifndef SQUASH_EGRESS_INSPECT_H
#define SQUASH_EGRESS_INSPECT_H

#include <stdbool.h>

#include "inspect_http.h"
#include "inspect_tls.h"

enum inspect_kind { INSPECT_UNKNOWN, INSPECT_HTTP, INSPECT_TLS, INSPECT_ENDED };

/* All zero: nothing has been sent. */
struct inspect {
	enum inspect_kind kind;
	union {
		struct inspect_http http;
		struct inspect_tls tls;
	};
	struct inspect_says says; /* with the last verdict */
};

/* Returns what may become of the next len bytes of the client's, INSPECT_BYTES at most. */
enum inspect_verdict inspect_client(struct inspect *i, const uint8_t *held, size_t len);

/* The same of the server's. Not before the first INSPECT_ASKS. */
enum inspect_verdict inspect_server(struct inspect *i, const uint8_t *peeked, size_t len);

/* The server has sent all that it will send: whatever of it was too little may go on. */
void inspect_server_ended(struct inspect *i);

/* Returns whether inspect_server must be shown the server's bytes; if not, they go on unseen. */
bool inspect_listens(const struct inspect *i);

#endif
