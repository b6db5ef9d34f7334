/* SPDX-License-Identifier: MIT */
/* Files of this side that become a request's body, and how far they are. */
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
};

/* Open a file, "-" for stdin. What has no size yet (a pipe) is read whole, into memory. 0, or an
 * exit code, and nothing is open. upload_call closes it. */
int upload_open(struct ctl *c, struct upload *u, const char *path);

/* The same for fd, a regular file, which is taken. name is for messages. */
int upload_take(struct ctl *c, struct upload *u, int fd, const char *name);

/* The SHA-256 of what is to be sent. 0, or an exit code, and u is closed. */
int upload_hash(struct ctl *c, struct upload *u, char text[SHA256_TEXT_BYTES]);

/* Make the request (begun) with it as the body, draw how far it is, close it, and answer as
 * api_answer does. 0, or an exit code. */
int upload_call(struct ctl *c, struct upload *u, struct api *a, const char *key);

#endif
