/* SPDX-License-Identifier: MIT */
/* Files of this side that become a request's body, and how far they are. */
#ifndef SQUASH_CTL_UPLOAD_H
#define SQUASH_CTL_UPLOAD_H

#include <sys/types.h>

#include "bar.h"
#include "ctl.h"
#include "http.h"
#include "lib/token.h"

struct upload {
	int fd; /* its position: the first byte to be sent */
	uint64_t len;
	mode_t mode;      /* permissions of a regular file; 0: it is none */
	const char *name; /* borrowed: the file's, for messages */
	struct bar bar;
};

/* Open a file, "-" for stdin. What has no size yet (a pipe) is read whole, into memory. 0, or an
 * exit code. upload_close closes it. */
int upload_open(struct ctl *c, struct upload *u, const char *path);

/* What fd has, a regular file; it is closed with u. name is for messages. */
int upload_take(struct ctl *c, struct upload *u, int fd, const char *name);

/* The SHA-256 of what is to be sent. */
int upload_hash(struct ctl *c, const struct upload *u, char text[TOKEN_DIGEST_TEXT_BYTES]);

/* Make it the call's body. u is borrowed until the call is made. */
void upload_into(struct upload *u, struct http_call *call);

/* Remove what was drawn, and close the file. */
void upload_close(struct upload *u);

#endif
