/* SPDX-License-Identifier: MIT */
/* A connection to the appliance, by TLS or without. It waits, with a limit to each wait. */
#ifndef SQUASH_CTL_WIRE_H
#define SQUASH_CTL_WIRE_H

#include <sys/types.h>

#include "lib/err.h"
#include "pinned.h"
#include "url.h"

struct wire {
	int fd; /* -1: not open */
	bool is_tls;
	int timeout_ms;            /* of a wait; the caller may change it */
	char name[URL_TEXT_BYTES]; /* who is there, for messages */
	struct pinned pinned;
	br_ssl_client_context client;
	uint8_t in[BR_SSL_BUFSIZE_INPUT], out[BR_SSL_BUFSIZE_OUTPUT];
};

/* Connect, and shake hands with the certificate of that SHA-256 (borrowed as long as w is; NULL:
 * with any). 0, or -errno with e filled: -EKEYREJECTED if there is another one. */
int wire_open(struct wire *w, const struct url *u, const uint8_t *fingerprint, struct err *e);

/* Write some of the bytes. How many, or 0 if there is a reply to be read already; -errno with e
 * filled. */
ssize_t wire_write(struct wire *w, const void *bytes, size_t len, struct err *e);

/* Write what is held back. 0 or -errno with e filled. */
int wire_flush(struct wire *w, struct err *e);

/* Read up to cap bytes. How many, 0 at the end (by TLS, a said one); -errno with e filled. */
ssize_t wire_read(struct wire *w, void *bytes, size_t cap, struct err *e);

void wire_close(struct wire *w);

#endif
