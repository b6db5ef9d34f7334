/* SPDX-License-Identifier: MIT */
/* DATA/tokens, the file. That it is there, good or not, means that the API is not open. */
#ifndef SQUASH_SQUASHD_STORE_TOKENS_FILE_H
#define SQUASH_SQUASHD_STORE_TOKENS_FILE_H

#include "lib/buf.h"
#include "lib/err.h"
#include "squashd/sandbox.h"
#include "tokens.h"

/* Read the named tokens. 1; 0: there is no such file; or -errno with e filled: it can't be used. In
 * *t are those that are good, none in the last two cases. What is wrong with the file goes to
 * stderr, once for each state of the file. */
int tokens_file_load(const struct server *s, struct tokens *t, struct err *e);

/* Read the file's text into out; nothing if there is no file. 0 or -errno with e filled. */
int tokens_file_read(const struct server *s, struct buf *out, struct err *e);

/* Keep others from changing the file until the descriptor that is returned is closed. Or -errno
 * with e filled. */
int tokens_file_lock(const struct server *s, struct err *e);

/* Make text the file's, for those who look and for the disk, or leave it as it is. 0 or -errno with
 * e filled. */
int tokens_file_write(const struct server *s, const struct buf *text, struct err *e);

#endif
