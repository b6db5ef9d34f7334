/* SPDX-License-Identifier: MIT */
/* A file of this side, or a tree of them, that becomes a request's body, and how far it is. */
#ifndef SQUASH_CTL_UPLOAD_H
#define SQUASH_CTL_UPLOAD_H

#include <sys/types.h>

#include "api.h"
#include "bar.h"
#include "lib/sha256.h"

struct upload {
	int fd; /* its position: the first byte to be sent */
	uint64_t len;
	mode_t mode;      /* permissions of a regular file; 0: it is none */
	const char *name; /* borrowed: the file's, for messages */
	struct bar bar;
	uint64_t sent;
	/* Puts the body, by upload_put. owner: of whoever has set it. */
	int (*send)(struct upload *u, struct err *e);
	void *owner;
	struct http_exchange *exchange; /* while it is sent */
};

/* Open a file, "-" for stdin. What has no size yet (a pipe) is read whole, into memory. 0, or an
 * exit code, and nothing is open. upload_call closes it. */
int upload_open(struct ctl *c, struct upload *u, const char *path);

/* The SHA-256 of what is to be sent. 0, or an exit code, and u is closed. */
int upload_hash(struct ctl *c, struct upload *u, char text[SHA256_TEXT_BYTES]);

/* Put the next bytes of the body, and draw how far it is. 0, or -errno with e filled, also if they
 * are more than u->len. */
int upload_put(struct upload *u, const void *bytes, size_t len, struct err *e);

/* Make the request (begun) with it as the body, draw how far it is, close it, and answer as
 * api_answer does. 0, or an exit code. */
int upload_call(struct ctl *c, struct upload *u, struct api *a, const char *key);

#endif
