/* SPDX-License-Identifier: MIT */
/* A reply's body that becomes a file of this side. It has its name once it is there as a whole. */
#ifndef SQUASH_CTL_DOWNLOAD_H
#define SQUASH_CTL_DOWNLOAD_H

#include <limits.h>
#include <stdbool.h>

#include "api.h"
#include "bar.h"
#include "ctl.h"

struct download {
	char path[PATH_MAX];
	char temporary[PATH_MAX + 16]; /* empty: path is no regular file, and is written as it is */
	int fd;
	bool with_bar;
	struct bar bar;
	uint64_t done; /* bytes */
};

/* Open what to names: "-" for stdout, or a file; in a directory it is called name. 0, or an exit
 * code. */
int download_open(struct ctl *c, struct download *d, const char *to, const char *name);

/* Writes the body of a reply to d->fd, whatever that is: d is the call's owner. */
int download_take(void *owner, const struct reply_head *head, const uint8_t *bytes, size_t len,
		  struct err *e);

/* Make the request (begun), and the file of its reply: with the mode that that says, as far as the
 * umask leaves it; no setuid bit comes out. with_bar: it is told how far it is. 0, or an exit code:
 * nothing is left then. Closes d. */
int download_call(struct ctl *c, struct download *d, struct api *a, bool with_bar);

#endif
